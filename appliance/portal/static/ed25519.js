// Ed25519 (RFC 8032, section 5.1) over BigInt: a page loaded over plain HTTP has no crypto.subtle.
// BigInt is not constant time, but nobody else can time what a tap in this browser signs.

import { Problem, concat, equal, fromHex, isBytes, toHex } from "./bytes.js";
import { sha512 } from "./sha2.js";

export { sha512 };

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

// --- the field modulo P

const mod = (a, m = P) => {
  const rest = a % m;
  return rest < 0n ? rest + m : rest;
};

const power = (base, exponent) => (exponent ? (power((base * base) % P, exponent >> 1n) * (exponent & 1n ? base : 1n)) % P : 1n);
const inverse = (a) => power(a, P - 2n);

const D = mod(-121665n * inverse(121666n));
const TWO_D = (2n * D) % P;
const SQRT_MINUS_1 = power(2n, (P - 1n) / 4n);

// --- the curve, in extended coordinates [X, Y, Z, T]: x = X/Z, y = Y/Z, x*y = T/Z

const NEUTRAL = [0n, 1n, 1n, 0n];

function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = ((y1 - x1) * (y2 - x2)) % P;
  const b = ((y1 + x1) * (y2 + x2)) % P;
  const c = (((t1 * t2) % P) * TWO_D) % P;
  const d = (2n * z1 * z2) % P;
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [(e * f) % P, (g * h) % P, (f * g) % P, (e * h) % P];
}

function double([x, y, z]) {
  const a = (x * x) % P;
  const b = (y * y) % P;
  const h = a + b;
  const e = h - (x + y) ** 2n;
  const g = a - b;
  const f = 2n * z * z + g;
  return [(e * f) % P, (g * h) % P, (f * g) % P, (e * h) % P];
}

const negate = ([x, y, z, t]) => [-x, y, z, -t];

/** [0, point, 2 point, ... 15 point] */
function multiples(point) {
  const row = [NEUTRAL, point];
  while (row.length < 16) row.push(add(row[row.length - 1], point));
  return row;
}

/** The 64 base-16 digits of a scalar, lowest first. */
const digits = (scalar) => Array.from({ length: 64 }, (_, i) => Number((scalar >> BigInt(4 * i)) & 15n));

function multiply(point, scalar) {
  const row = multiples(point);
  return digits(scalar).reduceRight((sum, digit) => add(double(double(double(double(sum)))), row[digit]), NEUTRAL);
}

let baseRows; // row i: multiples of 16^i times the base point; made at first use

function multiplyBase(scalar) {
  if (!baseRows) {
    baseRows = [multiples(BASE)];
    while (baseRows.length < 64) {
      const last = baseRows[baseRows.length - 1];
      baseRows.push(multiples(add(last[15], last[1])));
    }
  }
  return digits(scalar).reduce((sum, digit, i) => add(sum, baseRows[i][digit]), NEUTRAL);
}

// --- bytes

const toNumber = (data) => BigInt("0x" + toHex(data.slice().reverse()));
const toBytes = (number) => fromHex(number.toString(16).padStart(64, "0")).reverse();

function encodePoint([x, y, z]) {
  const scale = inverse(mod(z));
  return toBytes(mod(y * scale) | ((mod(x * scale) & 1n) << 255n));
}

/** The point, or null: y not below P, not on the curve, or "minus zero". */
function decodePoint(data) {
  const number = toNumber(data);
  const y = BigInt.asUintN(255, number);
  if (y >= P) return null;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  const v3 = mod(v ** 3n);
  let x = mod(u * v3 * power(mod(u * v3 * v3 * v), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * SQRT_MINUS_1);
  if (mod(v * x * x) !== u) return null;
  const sign = number >> 255n;
  if (x === 0n && sign) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

const BASE = decodePoint(toBytes(mod(4n * inverse(5n))));

/** True for the eight points whose order divides the cofactor. */
const isSmallOrder = (point) => mod(double(double(double(point)))[0]) === 0n;

// --- the signature scheme

/** The key pair of a 32-byte seed: {publicKey, sign(message) -> 64 bytes}; the secret lives in the closure of `sign`. */
export function keyFromSeed(seed) {
  if (seed.length !== 32) throw new Problem("bad-seed", "A secret key has 32 bytes.");
  const expanded = sha512(seed);
  const scalar = (BigInt.asUintN(254, toNumber(expanded.slice(0, 32))) & ~7n) | (1n << 254n);
  const prefix = expanded.slice(32);
  const publicKey = encodePoint(multiplyBase(scalar));
  const sign = (message) => {
    const r = mod(toNumber(sha512(concat(prefix, message))), ORDER);
    const commitment = encodePoint(multiplyBase(r));
    const k = toNumber(sha512(concat(commitment, publicKey, message)));
    return concat(commitment, toBytes(mod(r + k * scalar, ORDER)));
  };
  return { publicKey, sign };
}

/** True if the signature is good. As strict as libsodium: S below the order, points canonical and not of small order. */
export function verify(signature, message, publicKey) {
  if (!isBytes(signature, 64) || !isBytes(publicKey, 32)) return false;
  const commitment = signature.slice(0, 32);
  const s = toNumber(signature.slice(32));
  const point = decodePoint(publicKey);
  if (s >= ORDER || !point || isSmallOrder(point)) return false;
  const k = mod(toNumber(sha512(concat(commitment, publicKey, message))), ORDER);
  const expected = add(multiplyBase(s), multiply(negate(point), k));
  return !isSmallOrder(expected) && equal(encodePoint(expected), commitment);
}
