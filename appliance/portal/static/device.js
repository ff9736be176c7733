// The device that served this page: how to reach it, and its signed description of itself.

import { Problem, equal, isBytes, randomBytes, toHex } from "./bytes.js";
import { decodeFields } from "./cbor.js";
import { DEVICE, openSign1, parseSign1 } from "./cose.js";
import { keyId } from "./ids.js";

const ANSWER_LIMIT_MS = 30000;
const DAY_S = 86400;

/** The answer to a GET, or to a POST of a body. No cookie goes along: what counts is the signature inside. */
export async function exchange(path, body, type) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ANSWER_LIMIT_MS);
  const request = body ? { method: "POST", headers: { "Content-Type": type }, body } : {};
  try {
    const response = await fetch(path, { ...request, cache: "no-store", credentials: "omit", redirect: "error", signal: abort.signal });
    const answer = new Uint8Array(await response.arrayBuffer());
    return response.ok ? answer : refuse(answer, response.status);
  } catch (error) {
    throw error instanceof Problem ? error : new Problem("unreachable", "The device does not answer.");
  } finally {
    clearTimeout(timer);
  }
}

/** Throws what an unsigned refusal says: {"error": {"code", "message"}}. */
function refuse(answer, status) {
  let said = {};
  try {
    said = JSON.parse(new TextDecoder().decode(answer)).error;
  } catch {
    // Not the device's own words then.
  }
  throw new Problem(said?.code || "not-accepted", said?.message || `The device does not accept this (HTTP ${status}).`);
}

/** What a device says of itself; throws unless the key of its id signed it. */
export function openDevice(data) {
  const [id, publicKey, name, claimed, nonce, versions, time, floor, keysetVersion] = decodeFields(parseSign1(data).payload, 9);
  if (!isBytes(publicKey, 32) || !equal(id, keyId(publicKey))) throw new Problem("bad-device", "The device's description is damaged.");
  openSign1(data, DEVICE, publicKey);
  return { id, publicKey, name, claimed, nonce, versions, time, floor, keysetVersion };
}

/** Asks the device who it is; with an id, refuses any other. */
export async function fetchDevice(expectedId) {
  const sent = randomBytes(16);
  const device = openDevice(await exchange(`/device?nonce=${toHex(sent)}`));
  if (!equal(device.nonce, sent)) throw new Problem("old-answer", "The device's description is not fresh.");
  if (expectedId && !equal(device.id, expectedId)) throw new Problem("other-device", "Another device answers at this address.");
  return device;
}

/** The time (s) to sign with: the browser's, unless it lies behind the device's floor or a day ahead of its plausible clock. */
export function signingTime({ time, floor }) {
  const here = Math.floor(Date.now() / 1000);
  return time > floor && here > time + DAY_S ? time : Math.max(here, floor);
}
