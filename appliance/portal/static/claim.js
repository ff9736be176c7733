// Claiming: the first owner's key and the claim token make the device theirs, once.

import { Problem, utf8 } from "./bytes.js";
import { encodeFields } from "./cbor.js";
import { CLAIM, sign1 } from "./cose.js";
import { exchange, openDevice, signingTime } from "./device.js";
import { sha256 } from "./sha256.js";

/** The body of POST /claim: the token, and the proof that the owner holds the key, for this device and this token. */
export function claimBody(token, owner, deviceId, issued) {
  const statement = encodeFields(deviceId, owner.publicKey, issued, sha256(utf8(token)));
  return encodeFields(token, sign1(statement, CLAIM, owner));
}

/** Claims a device (as from `fetchDevice`) for an owner; its new description. */
export async function claim(token, owner, device) {
  const answer = await exchange("/claim", claimBody(token, owner, device.id, signingTime(device)), "application/cbor");
  if (answer.status !== 200) throw new Problem("claim-refused", "The device refuses the claim: the token is wrong, or the device has an owner.");
  return openDevice(answer.body, { expectedId: device.id });
}
