// Checks that need neither a page nor a device: they run in Chromium and under node alike.

import { equal, fromHex, toHex } from "./static/bytes.js";
import { Tagged, decode, encode, encodeFields } from "./static/cbor.js";
import { signClaim } from "./static/claim.js";
import { openAnswer, signCommand } from "./static/command.js";
import { ANSWER, COMMAND, PASS, openSign1, parseSign1, sign1 } from "./static/cose.js";
import { keyFromSeed, verify } from "./static/ed25519.js";
import { idFromText, idToText, keyId, publicKeyFromText, publicKeyToText } from "./static/ids.js";
import { Controller, Owner } from "./static/key.js";
import { sha256, sha512 } from "./static/sha2.js";
import { seedFromWords, wordsFromSeed } from "./static/words.js";

/** Collects what failed and what was made for Python to judge. */
export class Report {
  passed = 0;
  failed = [];
  made = {};
  milliseconds = {};

  check(name, good, detail = "") {
    if (good === true) this.passed++;
    else this.failed.push(`${name} ${detail}`);
  }

  same(name, found, expected) {
    const [a, b] = [found, expected].map((value) => (value instanceof Uint8Array ? toHex(value) : value));
    this.check(name, a === b, `found ${a}, expected ${b}`);
  }

  refuses(name, code, action) {
    try {
      action();
      this.failed.push(`${name}: taken`);
    } catch (problem) {
      this.check(name, code === undefined ? problem.code !== undefined : problem.code === code, `refused as ${problem.code}: ${problem.message}`);
    }
  }

  time(name, times, action) {
    const start = performance.now();
    for (let i = 0; i < times; i++) action();
    this.milliseconds[name] = Math.round(((performance.now() - start) / times) * 100) / 100;
  }
}

/** A value of the vectors' JSON as the modules know it. */
function value(json) {
  if (Array.isArray(json)) return json.map(value);
  if (json === null || typeof json !== "object") return json;
  if ("int" in json) return integer(json.int);
  if ("bytes" in json) return fromHex(json.bytes);
  if ("tag" in json) return new Tagged(integer(json.tag), value(json.value));
  return new Map(json.map.map(([key, item]) => [value(key), value(item)]));
}

const integer = (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text));

function flipped(data, bit) {
  const copy = data.slice();
  copy[bit >> 3] ^= 1 << (bit & 7);
  return copy;
}

function hashes(report, vectors) {
  for (const [data, short, long] of vectors.hashes) {
    report.same(`SHA-256 of ${data.length / 2} bytes`, sha256(fromHex(data)), short);
    report.same(`SHA-512 of ${data.length / 2} bytes`, sha512(fromHex(data)), long);
  }
}

function signatures(report, vectors) {
  for (const [seed, publicKey, message, signature] of [...vectors.rfc8032, ...vectors.signatures]) {
    const key = keyFromSeed(fromHex(seed));
    report.same(`public key of ${seed}`, key.publicKey, publicKey);
    report.same(`signature by ${seed}`, key.sign(fromHex(message)), signature);
    report.check(`verify ${seed}`, verify(fromHex(signature), fromHex(message), fromHex(publicKey)));
  }
  for (const [signature, message, publicKey, good] of vectors.verdicts) {
    report.same(`verdict on ${signature} by ${publicKey}`, verify(fromHex(signature), fromHex(message), fromHex(publicKey)), good);
  }
  const [, publicKey, message, signature] = vectors.rfc8032[2].map(fromHex);
  for (let bit = 0; bit < 512; bit += 3) report.check(`signature with bit ${bit} flipped`, !verify(flipped(signature, bit), message, publicKey));
  for (let bit = 0; bit < 256; bit += 3) report.check(`public key with bit ${bit} flipped`, !verify(signature, message, flipped(publicKey, bit)));
  for (let bit = 0; bit < 16; bit++) report.check(`message with bit ${bit} flipped`, !verify(signature, flipped(message, bit), publicKey));
  report.check("short signature", !verify(signature.slice(1), message, publicKey));
  report.check("long public key", !verify(signature, message, new Uint8Array(33)));
  report.check("no signature", !verify(null, message, publicKey));
  report.refuses("short seed", "bad-seed", () => keyFromSeed(new Uint8Array(31)));
}

function recoveryWords(report, vectors, list) {
  for (const [entropy, words] of vectors.bip39) {
    report.same(`words of ${entropy}`, wordsFromSeed(fromHex(entropy), list).join(" "), words);
    report.same(`seed of ${words}`, seedFromWords(`  ${words.toUpperCase().replace(/ /g, " \n")} `, list), entropy);
  }
  const words = vectors.bip39[4][1].split(" ");
  const typed = (change) => seedFromWords(change([...words]).join(" "), list);
  const numbered = words.map((word, at) => `${at + 1}. ${word}`).join("\n");
  report.same("a numbered list", seedFromWords(numbered, list), seedFromWords(words.join(" "), list));
  report.refuses("23 words", "word-count", () => typed((all) => all.slice(1)));
  report.refuses("an unknown word", "unknown-word", () => typed((all) => all.fill("leither", 4, 5)));
  report.refuses("two words changed places", "word-checksum", () => typed((all) => [all[1], all[0], ...all.slice(2)]));
  report.refuses("a wrong word", "word-checksum", () => typed((all) => all.fill("zoo", 7, 8)));
  report.refuses("no words", "word-count", () => seedFromWords(" ", list));
}

function ids(report, vectors) {
  for (const [publicKey, id, idText, publicKeyText] of vectors.ids) {
    report.same("key id", keyId(fromHex(publicKey)), id);
    report.same("id text", idToText(fromHex(id)), idText);
    report.same("id from text", idFromText(idText), id);
    report.same("public key text", publicKeyToText(fromHex(publicKey)), publicKeyText);
    report.same("public key from text", publicKeyFromText(publicKeyText), publicKey);
    const wrong = (text) => (text[5] === "A" ? "B" : "A");
    report.refuses("a typing error in a public key", "bad-public-key", () => publicKeyFromText(publicKeyText.slice(0, 5) + wrong(publicKeyText) + publicKeyText.slice(6)));
    report.refuses("an id cut short", "bad-text", () => idFromText(idText.slice(1)));
    report.refuses("padding", "bad-text", () => idFromText(idText + "="));
    report.refuses("a foreign character", "bad-text", () => idFromText("+" + idText.slice(1)));
    const spare = "ABCD".includes(idText[26]) ? null : idText.slice(0, 26) + "B";
    report.refuses("spare bits", "bad-text", () => idFromText(spare || idText.slice(0, 26) + "B"));
  }
}

function cborChecks(report, vectors) {
  for (const [json, hex] of vectors.cbor) {
    report.same(`CBOR of ${JSON.stringify(json)}`, encode(value(json)), hex);
    report.same(`CBOR there and back of ${hex}`, encode(decode(fromHex(hex))), hex);
  }
  for (const hex of vectors.cbor_refused) report.refuses(`CBOR ${hex}`, "bad-cbor", () => decode(fromHex(hex)));
  report.refuses("CBOR of nothing", "bad-cbor", () => decode(new Uint8Array()));
  report.refuses("CBOR beyond the bound", "bad-cbor", () => decode(encode(new Uint8Array(100)), 50));
  report.refuses("a count beyond the input", "bad-cbor", () => decode(fromHex("9bffffffffffffffff")));
  for (const wrong of [1.5, NaN, undefined, Symbol.iterator, () => 1, 2n ** 64n, -(2n ** 64n) - 1n, 2 ** 53, "\ud800", new Date(), [undefined]]) {
    report.refuses(`encoding of ${String(wrong)}`, "bad-cbor", () => encode(wrong));
  }
  report.refuses("a key twice", "bad-cbor", () => encode(new Map([[1, 1], [1n, 2]])));
  report.refuses("an endless value", "bad-cbor", () => {
    const ring = [];
    ring.push(ring);
    encode(ring);
  });
  report.same("a plain object", encode({ b: 1, a: { __proto__: null } && true }), encode(new Map([["a", true], ["b", 1]])));
  report.check("__proto__ is a key like any other", decode(encode(new Map([["__proto__", 1]]))).get("__proto__") === 1);
}

function envelopes(report, { golden }) {
  const key = (name) => keyFromSeed(fromHex(golden.keys[name].seed));
  for (const { name, signer, message } of golden.commands) {
    const payload = openSign1(fromHex(message), COMMAND, key(signer).publicKey);
    report.same(`the command "${name}" signed again`, sign1(payload, COMMAND, key(signer)), message);
    report.refuses(`the command "${name}" as an answer`, "bad-envelope", () => openSign1(fromHex(message), ANSWER, key(signer).publicKey));
    report.refuses(`the command "${name}" as of another key`, "bad-envelope", () => openSign1(fromHex(message), COMMAND, key("stranger").publicKey));
  }
  for (const { name, message } of golden.refused) report.refuses(name, undefined, () => openSign1(fromHex(message), COMMAND, key("owner").publicKey));
  for (const { name, message } of golden.passes) {
    report.same(`the pass "${name}"`, sign1(parseSign1(fromHex(message)).payload, PASS, key("owner")), message);
  }
  const device = { id: fromHex(golden.keys.device.id), publicKey: key("device").publicKey };
  for (const { name, fields, message } of golden.answers) {
    const commandId = fromHex(fields.command_id.bytes);
    const answer = openAnswer(fromHex(message), device, commandId);
    report.same(`status of the answer "${name}"`, answer.status, fields.status);
    report.same(`time of the answer "${name}"`, answer.time, fields.device_time);
    report.same(`error of the answer "${name}"`, answer.error?.get("code"), fields.error?.code);
    report.refuses(`the answer "${name}" to another command`, "other-answer", () => openAnswer(fromHex(message), device, new Uint8Array(16)));
    report.refuses(`the answer "${name}" of another device`, "bad-envelope", () => openAnswer(fromHex(message), { ...device, publicKey: key("owner").publicKey }, commandId));
  }
  const data = fromHex(golden.answers[0].message);
  const commandId = fromHex(golden.answers[0].fields.command_id.bytes);
  for (let bit = 0; bit < 8 * data.length; bit += 5) {
    report.refuses(`an answer with bit ${bit} flipped`, undefined, () => openAnswer(flipped(data, bit), device, commandId));
  }
}

/** What Python takes apart: a command of every shape, a claim. */
function make(report, { golden, passes }) {
  const [owner, phone] = ["owner", "phone"].map((name) => fromHex(golden.keys[name].seed));
  const deviceId = fromHex(golden.keys.device.id);
  const args = { name: "Küche 厨房", share: 4096, below: -1, on: true, none: null, raw: fromHex("00ff"), list: [1, [2, { x: "y" }]] };
  report.made.commands = passes.map(([role, pass]) => {
    const controller = new Controller(deviceId, phone, fromHex(pass));
    report.same("role of a pass", controller.role, role);
    const terms = { verb: "config-set", args, keysetVersion: 1, sequence: 2 ** 53 - 1, issued: 1800000001, challenge: new Uint8Array(16).fill(7) };
    return toHex(signCommand(controller, terms).bytes);
  });
  report.refuses("a pass of another key", "bad-pass", () => new Controller(deviceId, owner, fromHex(passes[0][1])));
  report.refuses("a pass for another device", "bad-pass", () => new Controller(new Uint8Array(20), phone, fromHex(passes[0][1])));
  report.made.claim = toHex(signClaim("some-token 0il", new Owner(owner.slice()), deviceId, 1800000001));
  const forgetful = Owner.create();
  forgetful.forget();
  report.check("a forgotten key signs nothing", !forgetful.sign && !JSON.stringify(forgetful).includes("seed"));
  report.same("absent fields", encodeFields(1, undefined, 3), encode(new Map([[1, 1], [3, 3]])));
  report.check("order of byte strings", !equal(fromHex("00"), fromHex("0000")) && !equal(null, null));
}

function speed(report, vectors) {
  const seed = fromHex(vectors.rfc8032[0][0]);
  const key = keyFromSeed(seed);
  const message = new Uint8Array(400);
  const signature = key.sign(message);
  report.time("key", 20, () => keyFromSeed(seed));
  report.time("sign", 20, () => key.sign(message));
  report.time("verify", 20, () => verify(signature, message, key.publicKey));
  report.time("sha512 of 64 KiB", 2, () => sha512(new Uint8Array(65536)));
}

/** All of it; `list` is the word list. */
export function run(vectors, list) {
  const report = new Report();
  report.time("first key", 1, () => keyFromSeed(fromHex(vectors.rfc8032[0][0])));
  for (const part of [hashes, signatures, recoveryWords, ids, cborChecks, envelopes, make, speed]) {
    try {
      part(report, vectors, list);
    } catch (error) {
      report.failed.push(`${part.name}: ${error.stack}`);
    }
  }
  return report;
}
