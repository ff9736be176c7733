// The owner's key is here only from its making, or from typed words, until `forget`; what stays in this browser is a
// controller's key with a pass that the owner's key signed.

import { Problem, equal, fromBase64url, randomBytes, toBase64url } from "./bytes.js";
import { decode, decodeFields, encode, encodeFields } from "./cbor.js";
import { PASS, parseSign1, sign1 } from "./cose.js";
import { signingTime } from "./device.js";
import { keyFromSeed } from "./ed25519.js";
import { idToText, keyId } from "./ids.js";
import { seedFromWords, wordsFromSeed } from "./words.js";

const YEAR_S = 365 * 86400;
const SLACK_S = 3600; // clocks differ: a pass is already good an hour before its making

/** The owner's key while it is needed: publicKey, sign. */
export class Owner {
  #seed;

  constructor(seed) {
    this.#seed = seed;
    Object.assign(this, keyFromSeed(seed));
  }

  /** A new key from the system's random source. */
  static create() {
    return new Owner(randomBytes(32));
  }

  /** The key of typed recovery words. */
  static fromWords(text, list) {
    return new Owner(seedFromWords(text, list));
  }

  /** The 24 recovery words: to be shown once. */
  words(list) {
    return wordsFromSeed(this.#seed, list);
  }

  /** Drops the secret: as soon as this browser's own key is made. */
  forget() {
    this.#seed.fill(0);
    this.#seed = this.sign = null;
  }
}

function storage() {
  try {
    return window.localStorage;
  } catch {
    throw new Problem("no-storage", "This browser lets the page keep no key. Leave private mode, or allow site data.");
  }
}

const place = (what, deviceId) => `leither.${what}.${idToText(deviceId)}`;

/** This browser's key for one device: deviceId, publicKey, id, sign, pass (encoded), role, notAfter (s). */
export class Controller {
  #seed;

  constructor(deviceId, seed, pass) {
    const [, subject, forDevice, role, , , notAfter] = decodeFields(parseSign1(pass).payload, 8);
    const key = keyFromSeed(seed);
    const fits = equal(subject, key.publicKey) && equal(forDevice, deviceId);
    if (!fits) throw new Problem("bad-pass", "The pass is for another key or device.");
    this.#seed = seed;
    Object.assign(this, key, { deviceId, pass, role, notAfter, id: keyId(key.publicKey) });
  }

  /** Makes a key of this browser with a pass of one year. `role`: "operator" or "owner". */
  static create(owner, device, { role = "owner", name = "browser" } = {}) {
    const seed = randomBytes(32);
    const from = signingTime(device) - SLACK_S;
    const terms = encodeFields(keyId(owner.publicKey), keyFromSeed(seed).publicKey, device.id, role, null, from, from + YEAR_S, name);
    return new Controller(device.id, seed, sign1(terms, PASS, owner));
  }

  /** Makes it the one `load` finds. */
  keep() {
    storage().setItem(place("controller", this.deviceId), toBase64url(encode([this.#seed, this.pass])));
  }

  /** The controller this browser keeps for a device, or null. */
  static load(deviceId) {
    const kept = storage().getItem(place("controller", deviceId));
    return kept && new Controller(deviceId, ...decode(fromBase64url(kept)));
  }

  /**
   * The number of the next command: above every earlier one, of another tab too. It follows the clock, or a browser
   * restored from a backup would fall behind the numbers the device has seen.
   */
  nextSequence() {
    const at = place("sequence", this.deviceId);
    const next = Math.max((Number(storage().getItem(at)) || 0) + 1, Date.now());
    storage().setItem(at, String(next));
    return next;
  }
}
