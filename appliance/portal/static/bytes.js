// Byte strings (Uint8Array throughout) and the one error of these modules.

/** `code` is for programs and translations, `message` a plain English sentence. */
export class Problem extends Error {
  constructor(code, sentence) {
    super(sentence);
    this.code = code;
  }
}

/** Joins byte strings. */
export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Below, at or above zero: bytewise order, a prefix before what it begins. */
export function compare(a, b) {
  const i = a.findIndex((byte, at) => byte !== b[at]);
  return i < 0 || i >= b.length ? a.length - b.length : a[i] - b[i];
}

/** True if both are byte strings and the same. For public values: not constant time. */
export const equal = (a, b) => isBytes(a) && isBytes(b) && compare(a, b) === 0;

/** True for a byte string, of that size if one is given. */
export const isBytes = (value, size) => value instanceof Uint8Array && (size === undefined || value.length === size);

/** UTF-8 of a text. */
export const utf8 = (text) => new TextEncoder().encode(text);

/** Lower-case hexadecimal text. */
export const toHex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Bytes of an even number of hexadecimal digits. */
export const fromHex = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));

/** Base64url without padding (RFC 4648, section 5). */
export const toBase64url = (data) => btoa(String.fromCharCode(...data)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

/** The bytes of a base64url text; refuses padding, foreign characters and spare bits that are not zero. */
export function fromBase64url(text) {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) throw new Problem("bad-text", "The text has characters that do not belong there.");
  const data = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
  if (toBase64url(data) !== text) throw new Problem("bad-text", "The end of the text is damaged.");
  return data;
}

/** `size` bytes from the system's random source. */
export const randomBytes = (size) => crypto.getRandomValues(new Uint8Array(size));
