// The device that served this page: how to reach it, and its signed description of itself.

import { Problem, equal, isBytes, randomBytes, toHex } from "./bytes.js";
import { decodeFields } from "./cbor.js";
import { DEVICE, openSign1, parseSign1 } from "./cose.js";
import { keyId } from "./ids.js";

const ANSWER_LIMIT_MS = 30000;
const DAY_S = 86400;

/** GET, or POST of a body: {status, body}. No cookie goes along: what counts is the signature inside. */
export async function exchange(path, body, type) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ANSWER_LIMIT_MS);
  const request = body ? { method: "POST", headers: { "Content-Type": type }, body } : {};
  try {
    const response = await fetch(path, { ...request, cache: "no-store", credentials: "omit", redirect: "error", signal: abort.signal });
    return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
  } catch (error) {
    throw new Problem("unreachable", "The device does not answer.");
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A description whose signature is good: {id, publicKey, name, claimed, versions, time, floor, keysetVersion}. The
 * id is that of the key which signed. Give the id this browser expects, if it knows one, and the nonce it sent.
 */
export function openDevice(data, { expectedId, sentNonce } = {}) {
  const [id, publicKey, name, claimed, nonce, versions, time, floor, keysetVersion] = decodeFields(parseSign1(data).payload, 9);
  if (!isBytes(publicKey, 32) || !equal(id, keyId(publicKey))) throw new Problem("bad-device", "The device's description is damaged.");
  openSign1(data, DEVICE, publicKey);
  if (expectedId && !equal(id, expectedId)) throw new Problem("other-device", "Another device answers at this address.");
  if (sentNonce && !equal(nonce, sentNonce)) throw new Problem("old-answer", "The device's description is not fresh.");
  return { id, publicKey, name, claimed, versions, time, floor, keysetVersion };
}

/**
 * The time (s) to sign with for a device: the browser's, but not behind what the device knows has passed, nor more
 * than a day ahead of the device's clock where that clock is plausible: the device would refuse either.
 */
export function signingTime({ time, floor }) {
  const here = Math.floor(Date.now() / 1000);
  return time > floor && here > time + DAY_S ? time : Math.max(here, floor);
}

/** Asks the device who it is; with an id, refuses any other. */
export async function fetchDevice(expectedId) {
  const sentNonce = randomBytes(16);
  const { status, body } = await exchange(`/device?nonce=${toHex(sentNonce)}`);
  if (status !== 200) throw new Problem("no-device", "The device does not say who it is.");
  return openDevice(body, { expectedId, sentNonce });
}
