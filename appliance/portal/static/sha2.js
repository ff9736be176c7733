// SHA-256 and SHA-512 (FIPS 180-4): one algorithm, over words of 32 and of 64 bits.

import { fromHex } from "./bytes.js";

/** The root, rounded down: Newton's method, from above. */
function root(value, degree) {
  let guess = 1n << 70n;
  for (;;) {
    const next = ((degree - 1n) * guess + value / guess ** (degree - 1n)) / degree;
    if (next >= guess) return guess;
    guess = next;
  }
}

const primes = [];
for (let n = 2n; primes.length < 80; n++) if (primes.every((prime) => n % prime)) primes.push(n);

/** The hash function with that word size, number of rounds and rotations. */
function sha2(bits, rounds, [sum0, sum1, mix0, mix1]) {
  const size = BigInt(bits);
  const cut = (x) => BigInt.asUintN(bits, x);
  const twice = (x) => (x << size) | x; // shifted right by n, its lower half is x rotated by n
  const sum = (x, [a, b, c]) => cut((twice(x) >> a) ^ (twice(x) >> b) ^ (twice(x) >> c));
  const mix = (x, [a, b, c]) => cut((twice(x) >> a) ^ (twice(x) >> b)) ^ (x >> c);
  // The standard's constants are the first bits of the fractions of the primes' roots.
  const fractions = (count, degree) => primes.slice(0, count).map((prime) => cut(root(prime << (size * degree), degree)));
  const [constants, start] = [fractions(rounds, 3n), fractions(8, 2n)];
  const bytes = bits / 8;

  return (message) => {
    // Padding: 0x80, zeros, and at the end of the last block the length in bits.
    const block = 16 * bytes;
    const data = new Uint8Array(Math.ceil((message.length + 1 + 2 * bytes) / block) * block);
    data.set(message);
    data[message.length] = 0x80;
    const view = new DataView(data.buffer);
    view.setBigUint64(data.length - 8, 8n * BigInt(message.length));
    const word = (at) => (bits === 64 ? view.getBigUint64(at) : BigInt(view.getUint32(at)));
    let state = start;
    for (let at = 0; at < data.length; at += block) {
      const w = Array.from({ length: 16 }, (_, i) => word(at + i * bytes));
      for (let i = 16; i < rounds; i++) w[i] = cut(mix(w[i - 2], mix1) + w[i - 7] + mix(w[i - 15], mix0) + w[i - 16]);
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < rounds; i++) {
        const first = h + sum(e, sum1) + ((e & f) ^ (~e & g)) + constants[i] + w[i];
        const second = sum(a, sum0) + ((a & b) ^ (a & c) ^ (b & c));
        [a, b, c, d, e, f, g, h] = [cut(first + second), a, b, c, cut(d + first), e, f, g];
      }
      const added = [a, b, c, d, e, f, g, h];
      state = state.map((x, i) => cut(x + added[i]));
    }
    return fromHex(state.map((x) => x.toString(16).padStart(2 * bytes, "0")).join(""));
  };
}

/** 32 bytes. */
export const sha256 = sha2(32, 64, [[2n, 13n, 22n], [6n, 11n, 25n], [7n, 18n, 3n], [17n, 19n, 10n]]);
/** 64 bytes. */
export const sha512 = sha2(64, 80, [[28n, 34n, 39n], [14n, 18n, 41n], [1n, 8n, 7n], [19n, 61n, 6n]]);
