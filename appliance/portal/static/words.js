// Recovery words: BIP-39 of the 32-byte seed itself. 24 words of 11 bits hold 256 bits and 8 bits of checksum.

import { Problem, fromHex, toHex, utf8 } from "./bytes.js";
import { sha256 } from "./sha2.js";

const COUNT = 24;
// SHA-256 of the English list, a word a line. A cut or altered list would show words that restore nothing.
const LIST_SHA256 = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda";

/** The 2048 words, from the list's URL on this device. */
export async function loadWords(url) {
  const list = (await (await fetch(url)).text()).split(/\s+/).filter(Boolean);
  const whole = toHex(sha256(utf8(list.join("\n") + "\n"))) === LIST_SHA256;
  if (!whole) throw new Problem("bad-word-list", "The word list is damaged. Load the page again.");
  return list;
}

/** The 24 words, in order, of a 32-byte seed. */
export function wordsFromSeed(seed, list) {
  const bits = BigInt("0x" + toHex(seed) + toHex(sha256(seed).slice(0, 1)));
  return Array.from({ length: COUNT }, (_, i) => list[Number((bits >> BigInt(11 * (COUNT - 1 - i))) & 2047n)]);
}

/** The seed of 24 words as typed; a problem names the wrong word. */
export function seedFromWords(text, list) {
  const words = text.normalize("NFKD").toLowerCase().split(/[\s\d.]+/).filter(Boolean); // a pasted list may be numbered
  if (words.length !== COUNT) throw new Problem("word-count", `These are not ${COUNT} words.`, words.length);
  const wrong = words.findIndex((word) => !list.includes(word));
  if (wrong >= 0) throw new Problem("unknown-word", `Word ${wrong + 1} is not in the list.`, wrong + 1, words[wrong]);
  const bits = words.reduce((sum, word) => (sum << 11n) | BigInt(list.indexOf(word)), 0n);
  const seed = fromHex((bits >> 8n).toString(16).padStart(64, "0"));
  const fit = sha256(seed)[0] === Number(bits & 255n);
  if (!fit) throw new Problem("word-checksum", "The words do not fit together: one is wrong, or two are swapped.");
  return seed;
}
