// Signed commands and their signed answers.

import { Problem, equal, randomBytes } from "./bytes.js";
import { decodeFields, encodeFields } from "./cbor.js";
import { ANSWER, COMMAND, openSign1, sign1 } from "./cose.js";
import { exchange, fetchDevice, signingTime } from "./device.js";

const COSE_SIGN1 = 'application/cose; cose-type="cose-sign1"';
const LIFE_S = 600;
const SENDINGS = 3;
const RENEWABLE = ["challenge-required", "expired", "future", "old-keyset", "replay"];

/** A signed command {id, bytes}. `issued` in seconds; `challenge` only where the device asked for it. */
export function signCommand(controller, { verb, args, keysetVersion, sequence, issued, challenge }) {
  const id = randomBytes(16);
  const { deviceId, pass } = controller;
  const fields = encodeFields(id, deviceId, controller.id, keysetVersion, sequence, issued, issued + LIFE_S, challenge, verb, args, pass);
  return { id, bytes: sign1(fields, COMMAND, controller) };
}

/** The device's answer to that command: {status, time, result, error, floor}; throws unless this device signed it. */
export function openAnswer(data, device, commandId) {
  const payload = openSign1(data, ANSWER, device.publicKey);
  const [id, deviceId, status, time, result, error, , floor] = decodeFields(payload, 8);
  if (!equal(id, commandId) || !equal(deviceId, device.id)) throw new Problem("other-answer", "The answer belongs to another command.");
  return { status, time, result, error, floor };
}

/** Commands to one device, one after the other, so that none overtakes an earlier one. */
export class Remote {
  #last = Promise.resolve();

  /** `device` as from `fetchDevice`, `controller` as from `Controller.load`. */
  constructor(device, controller) {
    this.device = device;
    this.controller = controller;
  }

  /** Runs a verb; its result (a Map), or a Problem with the device's code and sentence. */
  run(verb, args = {}) {
    const outcome = this.#last.then(() => this.#run(verb, args));
    this.#last = outcome.catch(() => {});
    return outcome;
  }

  /** Lets the portal session with this code in: how a browser that holds a key signs in. */
  signIn(code) {
    return this.run("sign-in", { code });
  }

  // What a refusal teaches (the challenge, the device's time, its newer keyset) goes into one more command: a refused
  // one was not executed, so asking again is safe. Each reason is met once.
  async #run(verb, args) {
    const met = new Set();
    let challenge;
    for (;;) {
      const { status, time, result, error, floor } = await this.#send({ verb, args, challenge });
      if (status === "done") return result;
      this.device = { ...this.device, time, floor };
      const code = error?.get("code") || status;
      if (status !== "refused" || met.has(code) || !RENEWABLE.includes(code)) throw new Problem(code, error?.get("message") || "The command was not carried out.");
      met.add(code);
      if (code === "challenge-required") challenge = result.get("challenge");
      if (code === "old-keyset") this.device = await fetchDevice(this.device.id);
    }
  }

  // A lost connection is met by sending the same bytes again: the device answers a known command from its records.
  async #send(request) {
    const { device, controller } = this;
    const terms = { ...request, keysetVersion: device.keysetVersion, sequence: controller.nextSequence(), issued: signingTime(device) };
    const command = signCommand(controller, terms);
    for (let sending = 1; ; sending++) {
      try {
        const { status, body } = await exchange("/command", command.bytes, COSE_SIGN1);
        if (status !== 200) throw new Problem("not-accepted", "The device does not accept commands of this key.");
        return openAnswer(body, device, command.id);
      } catch (problem) {
        if (problem.code !== "unreachable" || sending === SENDINGS) throw problem;
      }
    }
  }
}
