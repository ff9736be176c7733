// COSE_Sign1 (RFC 9052) in the one form this product knows: Ed25519, content type and key id protected,
// nothing unprotected, payload attached.

import { Problem, equal, isBytes } from "./bytes.js";
import { Tagged, decode, encode } from "./cbor.js";
import { verify } from "./ed25519.js";
import { keyId } from "./ids.js";

const ALG_ED25519 = -19; // RFC 9864
const TAG_SIGN1 = 18;

// A signed thing of one type can never pass as one of another.
const contentType = (name) => `application/leither-${name}+cbor`;
export const COMMAND = contentType("command");
export const ANSWER = contentType("answer");
export const PASS = contentType("pass");
export const CLAIM = contentType("claim");
export const DEVICE = contentType("device");

const header = (type, publicKey) => encode(new Map([[1, ALG_ED25519], [3, type], [4, keyId(publicKey)]]));
const toBeSigned = (protectedBytes, payload) => encode(["Signature1", protectedBytes, new Uint8Array(0), payload]);

/** The message around a payload, signed by a key {publicKey, sign}. */
export function sign1(payload, type, key) {
  const protectedBytes = header(type, key.publicKey);
  const signature = key.sign(toBeSigned(protectedBytes, payload));
  return encode(new Tagged(TAG_SIGN1, [protectedBytes, new Map(), payload, signature]));
}

/** {protectedBytes, payload, signature} of a message, nothing about them checked but their form. */
export function parseSign1(data, maxBytes) {
  const { tag, value } = decode(data, maxBytes) || {};
  const [protectedBytes, unprotected, payload, signature] = tag === TAG_SIGN1 && Array.isArray(value) && value.length === 4 ? value : [];
  const plain = unprotected instanceof Map && unprotected.size === 0;
  if (!isBytes(protectedBytes) || !plain || !isBytes(payload) || !isBytes(signature, 64)) throw new Problem("bad-envelope", "This is not a signed message.");
  return { protectedBytes, payload, signature };
}

/** The payload of a message of that content type, signed by that public key; throws for any other. */
export function openSign1(data, type, publicKey, maxBytes) {
  const { protectedBytes, payload, signature } = parseSign1(data, maxBytes);
  if (!equal(protectedBytes, header(type, publicKey))) throw new Problem("bad-envelope", "The message is of another kind or signed by another key.");
  if (!verify(signature, toBeSigned(protectedBytes, payload), publicKey)) throw new Problem("bad-signature", "The signature is wrong.");
  return payload;
}
