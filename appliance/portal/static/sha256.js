// SHA-256 (FIPS 180-4). Its constants are the high halves of SHA-512's.

import { ROUND, START, padded, wordBytes } from "./sha2.js";

const rotate = (x, n) => (x >>> n) | (x << (32 - n));

/** SHA-256 of a byte string: 32 bytes. */
export function sha256(message) {
  const view = padded(message, 64, 8);
  const state = START.filter((_, i) => i % 2 === 0);
  const w = new Uint32Array(64);
  for (let offset = 0; offset < view.byteLength; offset += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getUint32(offset + 4 * i);
    for (let i = 16; i < 64; i++) {
      const [x, y] = [w[i - 15], w[i - 2]];
      const sigma0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
      const sigma1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
      w[i] = w[i - 16] + sigma0 + w[i - 7] + sigma1;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const t1 = h + sum1 + ((e & f) ^ (~e & g)) + ROUND[2 * i] + w[i];
      const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
  }
  return wordBytes(state);
}
