// Ids and public keys, as bytes and as text a person can pass on.

import { Problem, concat, equal, fromBase64url, toBase64url } from "./bytes.js";
import { sha256 } from "./sha2.js";

const withChecksum = (publicKey) => concat(publicKey, sha256(publicKey).slice(0, 4));

/** The 20-byte id of a 32-byte public key; a device's id is that of its key. */
export const keyId = (publicKey) => sha256(publicKey).slice(0, 20);

function ofLength(text, characters) {
  if (text.length !== characters) throw new Problem("bad-text", `The text should have ${characters} characters.`);
  return text;
}

/** 20 bytes -> 27 characters. */
export const idToText = toBase64url;

/** 27 characters -> 20 bytes. */
export const idFromText = (text) => fromBase64url(ofLength(text, 27));

/** 32 bytes -> 48 characters, four bytes of checksum at the end. */
export const publicKeyToText = (publicKey) => toBase64url(withChecksum(publicKey));

/** 48 characters -> 32 bytes. */
export function publicKeyFromText(text) {
  const data = fromBase64url(ofLength(text, 48));
  const publicKey = data.slice(0, 32);
  if (!equal(withChecksum(publicKey), data)) throw new Problem("bad-public-key", "The public key has a typing error.");
  return publicKey;
}
