// Byte strings (Uint8Array throughout) and the one error of these modules.

/** `code` is for programs and translations, `message` a plain sentence, `values` what a translation fills in. */
export class Problem extends Error {
  constructor(code, sentence, ...values) {
    super(sentence);
    Object.assign(this, { code, values });
  }
}

export const concat = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

/** Below, at or above zero, in bytewise order. */
export function compare(a, b) {
  const i = a.findIndex((byte, at) => byte !== b[at]);
  return i < 0 || i >= b.length ? a.length - b.length : a[i] - b[i];
}

/** True if both are byte strings and the same. For public values: not constant time. */
export const equal = (a, b) => isBytes(a) && isBytes(b) && compare(a, b) === 0;

/** True for a byte string, of that size if one is given. */
export const isBytes = (value, size) => value instanceof Uint8Array && (size === undefined || value.length === size);

export const utf8 = (text) => new TextEncoder().encode(text);
export const toHex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const fromHex = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));

/** Base64url without padding (RFC 4648, section 5). */
export const toBase64url = (data) => btoa(String.fromCharCode(...data)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

/** The bytes of a base64url text; refuses every text that `toBase64url` does not write. */
export function fromBase64url(text) {
  const wellFormed = /^[\w-]*$/.test(text) && text.length % 4 !== 1;
  const binary = wellFormed ? atob(text.replace(/-/g, "+").replace(/_/g, "/")) : "";
  const data = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (toBase64url(data) !== text) throw new Problem("bad-text", "The text is damaged.");
  return data;
}

/** `size` bytes from the system's random source. */
export const randomBytes = (size) => crypto.getRandomValues(new Uint8Array(size));
