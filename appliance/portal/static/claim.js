// Claiming: the first owner's key and the claim token make the device theirs, once.

import { utf8 } from "./bytes.js";
import { encodeFields } from "./cbor.js";
import { CLAIM, sign1 } from "./cose.js";
import { sha256 } from "./sha2.js";

/** The owner's signature over device, key and token. */
export const claimProof = (token, owner, deviceId, issued) =>
  sign1(encodeFields(deviceId, owner.publicKey, issued, sha256(utf8(token))), CLAIM, owner);
