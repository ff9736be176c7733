// Deterministic CBOR (RFC 8949, section 4.2.1): null, booleans, integers of 64 bits (BigInt beyond the safe ones),
// Uint8Array, string, Array, Map (a plain object encodes as a map of text keys), Tagged.

import { Problem, compare, concat, equal, fromHex, isBytes, toHex, utf8 } from "./bytes.js";

const MAX_DEPTH = 8;
const SIMPLE = [false, true, null]; // simple values 20, 21, 22

const fail = (how) => {
  throw new Problem("bad-cbor", `The message ${how}.`);
};

export class Tagged {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

function head(major, number) {
  const n = BigInt(number);
  if (n < 24n) return Uint8Array.of((major << 5) | Number(n));
  const power = [8n, 16n, 32n, 64n].findIndex((bits) => n < 1n << bits);
  if (power < 0) fail("has an integer of more than 64 bits");
  return concat([(major << 5) | (24 + power)], fromHex(n.toString(16).padStart(2 << power, "0")));
}

function encodeMap(pairs, depth) {
  const items = pairs.map(([key, value]) => {
    if (!["string", "number", "bigint"].includes(typeof key) && !isBytes(key)) fail("has a wrong kind of map key");
    return [encodeItem(key), encodeItem(value, depth)];
  });
  items.sort(([a], [b]) => compare(a, b));
  if (items.some(([key], i) => i && equal(key, items[i - 1][0]))) fail("has a map key twice");
  return concat(head(5, items.length), ...items.flat());
}

function encodeItem(value, depth) {
  if (SIMPLE.includes(value)) return Uint8Array.of(0xf4 + SIMPLE.indexOf(value));
  if (Number.isSafeInteger(value) || typeof value === "bigint") return value < 0 ? head(1, -1n - BigInt(value)) : head(0, value);
  if (isBytes(value)) return concat(head(2, value.length), value);
  if (typeof value === "string" && !/\p{Surrogate}/u.test(value)) return concat(head(3, utf8(value).length), utf8(value));
  if (depth <= 0) fail("is nested too deeply");
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map((item) => encodeItem(item, depth - 1)));
  if (value instanceof Map) return encodeMap([...value], depth - 1);
  if (value instanceof Tagged) return concat(head(6, value.tag), encodeItem(value.value, depth - 1));
  if (value && Object.getPrototypeOf(value) === Object.prototype) return encodeMap(Object.entries(value), depth - 1);
  return fail("has a wrong kind of value");
}

/** The one encoding of a value. */
export const encode = (value) => encodeItem(value, MAX_DEPTH);

/** The encoding of {1: first, 2: second, ...}, the undefined left out. */
export function encodeFields(...values) {
  const fields = values.map((value, i) => [i + 1, value]);
  return encode(new Map(fields.filter(([, value]) => value !== undefined)));
}

const integer = (n) => (n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER ? Number(n) : n);

/** The value of an encoding; refuses every byte string that `encode` does not write. Maps come as Map. */
export function decode(data, maxBytes = 65536) {
  if (data.length > maxBytes) fail("is too long");
  let at = 0;

  function take(size) {
    if (size > data.length - at) fail("is cut short");
    return data.slice(at, (at += Number(size)));
  }

  // An item has a byte at least: a count beyond the input is refused before any work is done for it.
  function repeat(count, read) {
    if (count > data.length - at) fail("is cut short");
    return Array.from({ length: Number(count) }, read);
  }

  function item(depth) {
    const [first] = take(1);
    const [major, code] = [first >> 5, first & 31];
    if (major === 7 && code - 20 in SIMPLE) return SIMPLE[code - 20];
    if (major === 7 || code > 27) fail("has a wrong kind of value");
    const n = code < 24 ? BigInt(code) : BigInt("0x" + toHex(take(2 ** (code - 24))));
    if (major === 0) return integer(n);
    if (major === 1) return integer(-1n - n);
    if (major === 2) return take(n);
    if (major === 3) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(take(n));
    if (depth <= 0) fail("is nested too deeply");
    const inner = () => item(depth - 1);
    if (major === 4) return repeat(n, inner);
    if (major === 5) return new Map(repeat(n, () => [inner(), inner()]));
    return new Tagged(integer(n), inner());
  }

  const value = item(MAX_DEPTH);
  // Longer integers, unsorted or repeated keys, broken UTF-8, bytes left over: none of these comes back the same.
  if (!equal(encode(value), data)) fail("is not in its one proper form");
  return value;
}

/** The values that `encodeFields` was given, up to `count` of them. */
export function decodeFields(data, count) {
  const fields = decode(data);
  const values = Array.from({ length: count }, (_, i) => fields?.get?.(i + 1));
  if (!equal(encodeFields(...values), data)) fail("has unknown fields");
  return values;
}
