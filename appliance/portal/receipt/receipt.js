// A receipt of the ledger: what an account held in a pulse, verified by whoever knows the organization's id and nothing else.
// The twin of leither_edge/core: receipt, signed_header, header, proof, transaction_set; held to the same vectors.
// Amounts, pulses and times are BigInt: a total takes 56 bits, and a number of JavaScript holds 53.

import { Problem, compare, concat, equal, fromHex, isBytes, toHex, utf8 } from "../static/bytes.js";
import { verify } from "../static/ed25519.js";
import { keyId } from "../static/ids.js";
import { sha256 } from "../static/sha2.js";

export const RECEIPT_MAX_BYTES = 12 * 1024;
const [UNSIGNED, BYTES, ARRAY, MAP] = [0x00, 0x40, 0x80, 0xa0];
const COMMITTEE_MAX = 8n;
const TOTAL_BOUND = 1n << 56n;
const LEAF_BYTES = 36;
const STEP_BYTES = 29;
const DEPTHS = 160;
const SIBLINGS_MAX = 32;

// What is the same in every message, up to the key's id (RFC 9052): it is compared, not decoded.
const START = fromHex("8701");
const CERTIFICATE = concat(fromHex("d284583ea3013203" + "7822"), utf8("application/leither-committee+cbor"), fromHex("0454"));
const HEADER = concat(fromHex("d862845823a103" + "781f"), utf8("application/leither-header+cbor"), fromHex("a0"));
const SIGNER = fromHex("835819a201320454");
const [NO_HEADER, SIGNATURE] = [fromHex("a0"), fromHex("5840")];

// The code of every Problem is part/field: the part of the receipt, and the field as core names it. Sentences are the page's.
const fail = (code, ...values) => {
  throw new Problem(code, code, ...values);
};
const must = (good, code) => good || fail(code);

const toNumber = (data) => BigInt("0x0" + toHex(data));
const sumBytes = (sum) => fromHex(sum.toString(16).padStart(14, "0"));
const synopsis = (...record) => sha256(concat(...record)).slice(0, 20);
/** 1 where an id goes right at a depth. */
const side = (account, depth) => (account[depth >> 3] >> (7 - (depth & 7))) & 1;

/** Reads the one form that is expected, front to back; whatever else it meets is a Problem with its code. */
class Reader {
  constructor(data, code) {
    Object.assign(this, { data, code, at: 0 });
  }

  must(good) {
    must(good, this.code);
  }

  take(size) {
    this.must(size <= this.data.length - this.at);
    return this.data.slice(this.at, (this.at += Number(size)));
  }

  same(expected) {
    this.must(equal(this.take(expected.length), expected));
  }

  head(kind) {
    const first = this.take(1)[0] ^ kind;
    if (first < 24) return BigInt(first);
    this.must(first < 28);
    const power = first - 24;
    const number = toNumber(this.take(1 << power));
    this.must(number >= [24n, 1n << 8n, 1n << 16n, 1n << 32n][power]); // the shortest form only
    return number;
  }

  string(size) {
    const found = this.take(this.head(BYTES));
    this.must(size === undefined || found.length === size);
    return found;
  }

  since(start) {
    return this.data.slice(start, this.at);
  }

  end() {
    this.must(this.at === this.data.length);
  }
}

/** Who may sign headers, as the organization says it: {organizationKey, fromPulse, threshold, committee, treasurer}. */
export function readCertificate(data, organization) {
  const reader = new Reader(data, "certificate/certificate");
  reader.same(CERTIFICATE);
  const id = reader.take(20);
  const head = data.slice(2, reader.at);
  reader.same(NO_HEADER);
  const start = reader.at;
  const payload = reader.string();
  const signed = concat([0x84, 0x6a], utf8("Signature1"), head, [0x40], reader.since(start));
  reader.same(SIGNATURE);
  const signature = reader.take(64);
  reader.end();
  const certificate = readCommittee(new Reader(payload, reader.code));
  const key = certificate.organizationKey;
  if (!equal(id, organization) || !equal(keyId(key), organization)) {
    fail("certificate/organization", id);
  }
  must(verify(signature, signed, key), "certificate/signature");
  return certificate;
}

function readCommittee(reader) {
  const field = (number) => reader.must(reader.head(UNSIGNED) === number);
  reader.must(reader.head(MAP) === 5n);
  field(1n);
  const organizationKey = reader.string(32);
  field(2n);
  const fromPulse = reader.head(UNSIGNED);
  field(3n);
  const threshold = reader.head(UNSIGNED);
  field(4n);
  const size = reader.head(ARRAY);
  reader.must(size > 0n && size <= COMMITTEE_MAX && threshold > 0n && threshold <= size);
  const committee = Array.from({ length: Number(size) }, () => reader.string(32));
  reader.must(committee.every((key, i) => !i || compare(committee[i - 1], key) < 0));
  field(5n);
  const treasurer = reader.string(32);
  reader.end();
  return { organizationKey, fromPulse, threshold, committee, treasurer };
}

// The fields of a header and their sizes in bytes; 0: a number, below 0: at most that many.
const FIELDS = Object.entries({
  organization: 20, group: -21, pulse: 0, previous: 32, root: 20, total: 0,
  accounts: 0, sent: 0, received: 0, transactions: 32, issued: 0, time: 0,
});

export function readHeader(payload) {
  const reader = new Reader(payload, "header/header");
  const header = {};
  const count = reader.head(MAP);
  FIELDS.forEach(([name, size], i) => {
    const key = reader.head(UNSIGNED);
    reader.code = "header/" + name;
    header[name] = size ? reader.string() : reader.head(UNSIGNED);
    reader.must(key === BigInt(i + 1) && (size < 0 ? header[name].length <= -size : !size || header[name].length === size));
  });
  reader.end();
  reader.must(count === BigInt(FIELDS.length));
  const held = header.issued + header.received - header.sent;
  must(header.total === held, "header/total");
  return header;
}

/** {header, signers: [key id, ...]}; every signature is a committee member's, in the certificate's order, each once, and good. */
export function readSignedHeader(data, { organizationKey, fromPulse, threshold, committee }) {
  const reader = new Reader(data, "header/header");
  reader.same(HEADER);
  const start = reader.at;
  const payload = reader.string();
  const covered = reader.since(start);
  const header = readHeader(payload);
  const count = reader.head(ARRAY);
  must(equal(header.organization, keyId(organizationKey)), "header/organization");
  must(header.pulse >= fromPulse, "header/pulse");
  if (count < threshold) fail("header/threshold", count, threshold);
  const members = committee.map(keyId);
  const signers = [];
  let next = 0;
  for (let n = 0n; n < count; n++) {
    reader.same(SIGNER);
    const id = reader.take(20);
    const head = data.slice(reader.at - 27, reader.at);
    reader.same(NO_HEADER);
    reader.same(SIGNATURE);
    const signature = reader.take(64);
    const member = members.findIndex((one, i) => i >= next && equal(one, id));
    must(member >= 0, "header/signatures");
    const signed = concat([0x85, 0x69], utf8("Signature"), HEADER.slice(3, -1), head, [0x40], covered);
    must(verify(signature, signed, committee[member]), "header/signatures");
    signers.push(id);
    next = member + 1;
  }
  reader.end();
  return { header, signers };
}

/** {root, total, changed, amount, account, depths} that the proof of a leaf leads to. */
function climb(proof) {
  const steps = (proof.length - LEAF_BYTES) / STEP_BYTES;
  must(Number.isInteger(steps) && steps >= 0 && steps <= DEPTHS, "proof/length");
  const [changed, amount, account] = [toNumber(proof.slice(0, 8)), toNumber(proof.slice(8, 16)), proof.slice(16, LEAF_BYTES)];
  must(amount > 0n && amount < TOTAL_BOUND, "proof/amount");
  let [root, total, above] = [synopsis(proof.slice(0, LEAF_BYTES)), amount, DEPTHS];
  const depths = [];
  for (let at = LEAF_BYTES; at < proof.length; at += STEP_BYTES) {
    const [depth, right] = [proof[at], proof[at + 1]];
    const [sumThere, there] = [toNumber(proof.slice(at + 2, at + 9)), proof.slice(at + 9, at + STEP_BYTES)];
    must(depth < above, "proof/depth");
    must(right === side(account, depth), "proof/side");
    must(sumThere > 0n && total + sumThere < TOTAL_BOUND, "proof/sum");
    const [own, other] = [concat(sumBytes(total), root), concat(sumBytes(sumThere), there)];
    root = right ? synopsis(other, [depth], own) : synopsis(own, [depth], other);
    total += sumThere;
    above = depth;
    depths.push(depth);
  }
  return { root, total, changed, amount, account, depths };
}

/** {changed, amount} of an account in the tree; {changed: null, amount: 0n} where the proof shows that it is absent. */
export function verifyProof(proof, account, root, total) {
  must(isBytes(account, 20) && isBytes(root, 20) && total < TOTAL_BOUND, "proof/root");
  if (!proof.length) {
    must(root.every((byte) => byte === 0) && total === 0n, "proof/length");
    return { changed: null, amount: 0n };
  }
  const found = climb(proof);
  must(equal(found.root, root), "proof/root");
  must(found.total === total, "proof/total");
  if (equal(found.account, account)) return found;
  const apart = found.depths.some((depth) => side(account, depth) !== side(found.account, depth));
  must(!apart, "proof/account");
  return { changed: null, amount: 0n };
}

/** The root that the path of a transaction's id leads to (RFC 9162, section 2.1). */
export function inclusionRoot(transaction, path) {
  let [number, last] = [0, 4].map((at) => Number(toNumber(path.slice(at, at + 4))));
  last -= 1;
  const siblings = (path.length - 8) / 32;
  const whole = Number.isInteger(siblings) && siblings >= 0 && siblings <= SIBLINGS_MAX && number <= last && isBytes(transaction, 32);
  let [hash, at] = [sha256(concat([0], transaction)), 8];
  for (; whole && last > 0; number = Math.floor(number / 2), last = Math.floor(last / 2)) {
    // The last one of an odd level has no sibling and moves up as it is.
    if (number % 2 === 0 && number === last) continue;
    const there = path.slice(at, (at += 32));
    hash = sha256(number % 2 ? concat([1], there, hash) : concat([1], hash, there));
  }
  must(whole && at === path.length, "transaction/inclusion");
  return hash;
}

/**
 * What a receipt (bytes) shows to who knows the organization's id (20 bytes):
 * {account, amount, changed: pulse of its last change or null, transaction: id or null, header, signers: [key id, ...], certificate}.
 * Throws a Problem whose code is part/field: receipt, certificate, header, proof or transaction, and what is wrong with it.
 */
export function verifyReceipt(data, organization) {
  must(data.length <= RECEIPT_MAX_BYTES, "receipt/receipt");
  const reader = new Reader(data, "receipt/receipt");
  reader.same(START);
  const account = reader.string(20);
  const [proof, signed, certified, transaction, inclusion] = Array.from({ length: 5 }, () => reader.string());
  reader.end();
  reader.must([0, 32].includes(transaction.length) && !transaction.length === !inclusion.length);
  const certificate = readCertificate(certified, organization);
  const { header, signers } = readSignedHeader(signed, certificate);
  must(!header.group.length, "receipt/group");
  const { changed, amount } = verifyProof(proof, account, header.root, header.total);
  if (!transaction.length) return { account, amount, changed, transaction: null, header, signers, certificate };
  const root = inclusionRoot(transaction, inclusion);
  must(equal(root, header.transactions), "transaction/transaction");
  return { account, amount, changed, transaction, header, signers, certificate };
}
