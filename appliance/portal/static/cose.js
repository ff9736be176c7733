// COSE_Sign1 (RFC 9052) in this product's one form: algorithm, content type and key id protected, payload attached.

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

const headerOf = (type, publicKey) => encode(new Map([[1, ALG_ED25519], [3, type], [4, keyId(publicKey)]]));
const toBeSigned = (header, payload) => encode(["Signature1", header, new Uint8Array(0), payload]);

const envelope = (header, payload, signature) => encode(new Tagged(TAG_SIGN1, [header, new Map(), payload, signature]));

/** The message around a payload, signed by a key {publicKey, sign}. */
export function sign1(payload, type, key) {
  const header = headerOf(type, key.publicKey);
  return envelope(header, payload, key.sign(toBeSigned(header, payload)));
}

/** {header, payload, signature} of a message; nothing but its form is checked. */
export function parseSign1(data) {
  const value = decode(data)?.value;
  const [header, , payload, signature] = Array.isArray(value) ? value : [];
  const strings = isBytes(header) && isBytes(payload) && isBytes(signature, 64);
  if (!strings || !equal(data, envelope(header, payload, signature))) throw new Problem("bad-envelope", "This is no signed message.");
  return { header, payload, signature };
}

/** The payload of a message of that type, signed by that public key; throws for any other. */
export function openSign1(data, type, publicKey) {
  const { header, payload, signature } = parseSign1(data);
  if (!equal(header, headerOf(type, publicKey))) throw new Problem("bad-envelope", "This is another message than expected.");
  if (!verify(signature, toBeSigned(header, payload), publicKey)) throw new Problem("bad-signature", "The signature is wrong.");
  return payload;
}
