// Claiming: the first owner's key and the claim token make the device theirs, once. The token does not travel, its hash does.

import { concat, utf8 } from "./bytes.js";
import { encodeFields } from "./cbor.js";
import { CLAIM, sign1 } from "./cose.js";
import { exchange } from "./device.js";
import { sha256 } from "./sha2.js";

const COSE_SIGN1 = 'application/cose; cose-type="cose-sign1"';

/** A token as the device compares it: case, spaces and hyphens do not count, O is 0, I and L are 1. */
const normalToken = (typed) => typed.toUpperCase().replace(/[\s\-‐‑–]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");

/** The claim, signed by the key that shall own the device. What is overheard of it claims the device for no other key. */
export const signClaim = (token, owner, deviceId, issued) => {
  const known = sha256(concat(deviceId, owner.publicKey, utf8(normalToken(token))));
  return sign1(encodeFields(deviceId, owner.publicKey, issued, known), CLAIM, owner);
};

/** Sends the claim; one that was taken before is taken again, from the owner only. */
export const sendClaim = (claim) => exchange("/claim", claim, COSE_SIGN1);

/** Asks whether the device would take this claim; throws the Problem if not. */
export const checkClaim = (claim) => exchange("/claim/check", claim, COSE_SIGN1);
