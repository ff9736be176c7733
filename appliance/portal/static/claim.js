// Claiming: the first owner's key and the claim token make the device theirs, once.

import { utf8 } from "./bytes.js";
import { encodeFields } from "./cbor.js";
import { CLAIM, sign1 } from "./cose.js";
import { sha256 } from "./sha2.js";

/** The body of POST /claim: the token, and the proof that the owner holds the key, for this device and this token. */
export function claimBody(token, owner, deviceId, issued) {
  const statement = encodeFields(deviceId, owner.publicKey, issued, sha256(utf8(token)));
  return encodeFields(token, sign1(statement, CLAIM, owner));
}
