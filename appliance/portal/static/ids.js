// Ids and public keys, as bytes and as text a person can pass on.

import { Problem, concat, equal, fromBase64url, toBase64url } from "./bytes.js";
import { sha256 } from "./sha256.js";

const withChecksum = (publicKey) => concat(publicKey, sha256(publicKey).slice(0, 4));

/** The 20-byte id of a 32-byte public key; a device's id is that of its key. */
export const keyId = (publicKey) => sha256(publicKey).slice(0, 20);

/** 20 bytes -> 27 characters. */
export const idToText = toBase64url;

/** 27 characters -> 20 bytes. */
export function idFromText(text) {
  if (text.length !== 27) throw new Problem("bad-id", "An id has 27 characters.");
  return fromBase64url(text);
}

/** 32 bytes -> 48 characters, four bytes of checksum at the end. */
export const publicKeyToText = (publicKey) => toBase64url(withChecksum(publicKey));

/** 48 characters -> 32 bytes. */
export function publicKeyFromText(text) {
  if (text.length !== 48) throw new Problem("bad-public-key", "A public key has 48 characters.");
  const data = fromBase64url(text);
  const publicKey = data.slice(0, 32);
  if (!equal(withChecksum(publicKey), data)) throw new Problem("bad-public-key", "The public key has a typing error: its checksum is wrong.");
  return publicKey;
}
