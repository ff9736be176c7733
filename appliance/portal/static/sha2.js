// SHA-512 and what it shares with SHA-256 (FIPS 180-4). 64-bit words are pairs of 32-bit halves, high half
// first: several times faster than BigInt.

/** The `degree`-th root of a BigInt, rounded down (Newton's method from above). */
function root(value, degree) {
  let guess = 1n << 70n;
  for (;;) {
    const next = ((degree - 1n) * guess + value / guess ** (degree - 1n)) / degree;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** First 64 bits of the fraction of each number's root, as halves: this is how FIPS 180-4 defines its constants. */
function rootFractions(numbers, degree) {
  const halves = numbers.flatMap((number) => {
    const fraction = BigInt.asUintN(64, root(BigInt(number) << (64n * degree), degree));
    return [Number(fraction >> 32n), Number(fraction & 0xffffffffn)];
  });
  return Uint32Array.from(halves);
}

const primes = [];
for (let n = 2; primes.length < 80; n++) if (primes.every((prime) => n % prime)) primes.push(n);

/** Round constants (80 pairs) and starting state (8 pairs). SHA-256 uses the high halves of the first 64 and of all 8. */
export const ROUND = rootFractions(primes, 3n);
export const START = rootFractions(primes.slice(0, 8), 2n);

/** The message with its padding: 0x80, zeros, length in bits at the end of the last block; as a DataView. */
export function padded(message, block, lengthBytes) {
  const size = Math.ceil((message.length + 1 + lengthBytes) / block) * block;
  const data = new Uint8Array(size);
  data.set(message);
  data[message.length] = 0x80;
  const view = new DataView(data.buffer);
  view.setUint32(size - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(size - 4, message.length << 3);
  return view;
}

/** Big-endian bytes of 32-bit words. */
export function wordBytes(words) {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((word, i) => view.setUint32(4 * i, word));
  return new Uint8Array(view.buffer);
}

// One half of a 64-bit rotation right by n < 32; with (high, low) the high half, with (low, high) the low half.
// Beyond 32 the halves change places: rotation by 32 + n is half(low, high, n).
const half = (a, b, n) => (a >>> n) | (b << (32 - n));
const bigSigma0 = (a, b) => half(a, b, 28) ^ half(b, a, 2) ^ half(b, a, 7);
const bigSigma1 = (a, b) => half(a, b, 14) ^ half(a, b, 18) ^ half(b, a, 9);
const carry = (lowSum) => Math.floor(lowSum / 2 ** 32);

/** SHA-512 of a byte string: 64 bytes. */
export function sha512(message) {
  const view = padded(message, 128, 16);
  const state = START.slice();
  const w = new Uint32Array(160);
  for (let offset = 0; offset < view.byteLength; offset += 128) {
    for (let i = 0; i < 32; i++) w[i] = view.getUint32(offset + 4 * i);
    for (let i = 32; i < 160; i += 2) {
      const [ah, al, bh, bl] = [w[i - 30], w[i - 29], w[i - 4], w[i - 3]];
      const low0 = half(al, ah, 1) ^ half(al, ah, 8) ^ half(al, ah, 7);
      const low1 = half(bl, bh, 19) ^ half(bh, bl, 29) ^ half(bl, bh, 6);
      const low = (low0 >>> 0) + (low1 >>> 0) + w[i - 13] + w[i - 31];
      const high0 = half(ah, al, 1) ^ half(ah, al, 8) ^ (ah >>> 7);
      const high1 = half(bh, bl, 19) ^ half(bl, bh, 29) ^ (bh >>> 6);
      w[i] = high0 + high1 + w[i - 14] + w[i - 32] + carry(low);
      w[i + 1] = low;
    }
    const s = state.slice();
    for (let i = 0; i < 160; i += 2) {
      const [ah, al, bh, bl, ch, cl, , , eh, el, fh, fl, gh, gl, hh, hl] = s;
      const low1 = hl + (bigSigma1(el, eh) >>> 0) + (((el & fl) ^ (~el & gl)) >>> 0) + ROUND[i + 1] + w[i + 1];
      const high1 = hh + bigSigma1(eh, el) + ((eh & fh) ^ (~eh & gh)) + ROUND[i] + w[i] + carry(low1);
      const low2 = (low1 >>> 0) + (bigSigma0(al, ah) >>> 0) + (((al & bl) ^ (al & cl) ^ (bl & cl)) >>> 0);
      const high2 = high1 + bigSigma0(ah, al) + ((ah & bh) ^ (ah & ch) ^ (bh & ch)) + carry(low2);
      s.copyWithin(2, 0, 14);
      const lowE = s[9] + (low1 >>> 0);
      s[8] += high1 + carry(lowE);
      s[9] = lowE;
      s[0] = high2;
      s[1] = low2;
    }
    for (let i = 0; i < 16; i += 2) {
      const low = state[i + 1] + s[i + 1];
      state[i] += s[i] + carry(low);
      state[i + 1] = low;
    }
  }
  return wordBytes(state);
}
