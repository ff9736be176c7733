// Signed commands and their signed answers.

import { Problem, equal, randomBytes } from "./bytes.js";
import { decodeFields, encodeFields } from "./cbor.js";
import { ANSWER, COMMAND, openSign1, sign1 } from "./cose.js";
import { exchange, fetchDevice, signingTime } from "./device.js";

const COSE_SIGN1 = 'application/cose; cose-type="cose-sign1"';
const LIFE_S = 600;
const SENDINGS = 3;
// Refusals after which the same wish can be put better: with the challenge, the device's time, its keyset.
const TEACHING = ["challenge-required", "expired", "future", "old-keyset", "replay", "stale"];

/** A signed command {id, bytes}. `issued` in seconds; `challenge` only where the device asked for it. */
export function signCommand(controller, { verb, args, keysetVersion, sequence, issued, challenge }) {
  const id = randomBytes(16);
  const { deviceId, pass, id: issuer } = controller;
  const fields = encodeFields(id, deviceId, issuer, keysetVersion, sequence, issued, issued + LIFE_S, challenge, verb, args, pass);
  return { id, bytes: sign1(fields, COMMAND, controller) };
}

/** The answer to that command; throws unless this device signed it. */
export function openAnswer(data, device, commandId) {
  const [id, deviceId, status, time, result, error, , floor] = decodeFields(openSign1(data, ANSWER, device.publicKey), 8);
  if (!equal(id, commandId) || !equal(deviceId, device.id)) throw new Problem("other-answer", "The answer is to another command.");
  return { status, time, result, error, floor };
}

/** Commands of a Controller to a device (as from `fetchDevice`), one after the other: none overtakes an earlier one. */
export class Remote {
  #last = Promise.resolve();

  constructor(device, controller) {
    Object.assign(this, { device, controller });
  }

  /** Runs a verb; its result (a Map), or a Problem with the device's code and sentence. */
  run(verb, args = {}) {
    const outcome = this.#last.then(() => this.#run(verb, args));
    this.#last = outcome.catch(() => {});
    return outcome;
  }

  /** Signs in the browser that shows this code, be it this one. */
  signIn(code) {
    return this.run("sign-in", { code });
  }

  // A refused command was not executed, so asking again is safe; each reason is met once.
  async #run(verb, args) {
    const met = new Set();
    let challenge;
    for (;;) {
      const { status, time, result, error, floor } = await this.#send({ verb, args, challenge });
      if (status === "done") return result;
      const code = error?.get("code") || status;
      const again = status === "refused" && TEACHING.includes(code) && !met.has(code);
      if (!again) throw new Problem(code, error?.get("message") || "The command was not carried out.");
      met.add(code);
      this.device = code === "old-keyset" ? await fetchDevice(this.device.id) : { ...this.device, time, floor };
      if (code === "challenge-required") challenge = result.get("challenge");
    }
  }

  // A lost connection: the same bytes go out again, and the device answers a known command from its records.
  async #send(request) {
    const { device, controller } = this;
    const terms = { ...request, keysetVersion: device.keysetVersion, sequence: controller.nextSequence(), issued: signingTime(device) };
    const command = signCommand(controller, terms);
    for (let sending = 1; ; sending++) {
      try {
        return openAnswer(await exchange("/command", command.bytes, COSE_SIGN1), device, command.id);
      } catch (problem) {
        if (problem.code !== "unreachable" || sending === SENDINGS) throw problem;
      }
    }
  }
}
