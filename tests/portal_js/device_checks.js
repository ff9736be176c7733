// Checks against the fake device, in the order in which a person meets things.

import { equal } from "./static/bytes.js";
import { encodeFields } from "./static/cbor.js";
import { sendClaim, signClaim } from "./static/claim.js";
import { Remote } from "./static/command.js";
import { exchange, fetchDevice, openDevice, signingTime } from "./static/device.js";
import { Controller, Owner } from "./static/key.js";
import { loadWords } from "./static/words.js";

async function refuses(report, name, code, promise) {
  try {
    await promise;
    report.failed.push(`${name}: taken`);
  } catch (problem) {
    report.check(name, problem.code === code, `refused as ${problem.code}: ${problem.message}`);
  }
}

/** Turns the device's knobs; how many commands it has executed. */
async function knobs(values = {}) {
  return Number(await (await fetch("/knobs?" + new URLSearchParams(values))).text());
}

const now = () => Math.floor(Date.now() / 1000);
const DAY_S = 86400;

async function claiming(report, list) {
  localStorage.clear();
  let device = await fetchDevice();
  report.check("an unclaimed device", device.claimed === false && device.name === "fake");
  await refuses(report, "another device than expected", "other-device", fetchDevice(new Uint8Array(20)));
  report.check("no key is kept yet", Controller.load(device.id) === null);

  const owner = Owner.create();
  const words = owner.words(list);
  const claim = (token) => sendClaim(signClaim(token, owner, device.id, signingTime(device)));
  await refuses(report, "a claim with a wrong token", "wrong-token", claim("wrong"));
  const start = performance.now();
  device = openDevice(await claim(" Correct horse-battery"));
  report.check("a claimed device", device.claimed === true);
  const controller = Controller.create(owner, device, { role: "operator", name: "phone" });
  report.check("a key that is not kept is not found", Controller.load(device.id) === null);
  controller.keep();
  report.milliseconds["claim and first pass"] = Math.round(performance.now() - start);
  await refuses(report, "a second claim", "wrong-token", claim("correct-horse-battery"));
  owner.forget();

  const kept = JSON.stringify({ ...localStorage });
  report.check("neither words nor owner's seed are kept", Object.keys(localStorage).length === 1 && words.every((word) => !kept.includes(` ${word}`)));
  const loaded = Controller.load(device.id);
  report.check("the kept key is the made one", equal(loaded.publicKey, controller.publicKey) && loaded.role === "operator");
  report.check("the pass ends in a year", Math.abs(loaded.notAfter - now() - 365 * DAY_S) < 2 * 3600);
  return { device, words };
}

async function commands(report, device) {
  const remote = new Remote(device, Controller.load(device.id));
  const result = await remote.run("echo", { text: "厨房", number: -5 });
  report.check("a command and its result", result.get("you-said").get("text") === "厨房" && result.get("you-said").get("number") === -5);
  report.check("signing in", (await remote.signIn("ABCD-EFGH")).get("you-said").get("code") === "ABCD-EFGH");

  const counts = await Promise.all([1, 2, 3, 4].map(() => remote.run("echo")));
  report.same("commands keep their order", counts.map((one) => one.get("count")).join(), "3,4,5,6");
  const other = new Remote(device, Controller.load(device.id));
  await Promise.all([remote.run("echo"), other.run("echo"), remote.run("echo"), other.run("echo")]);
  report.same("two tabs at a time", await knobs(), 10);

  await refuses(report, "a failing command", "broken", remote.run("break"));
  await refuses(report, "an unknown verb", "unknown-verb", remote.run("no-such-verb"));
  await refuses(report, "an operator's factory reset", "not-allowed", remote.run("factory-reset"));
  report.same("nothing refused was executed", await knobs(), 11);

  await knobs({ lose_answers: 2 });
  report.same("lost answers, executed once", (await remote.run("echo")).get("count"), 12);
  await knobs({ lose_answers: 3 });
  await refuses(report, "a device that does not answer", "unreachable", remote.run("echo"));
  await knobs({ damage_answers: 1 });
  await refuses(report, "a damaged answer", "bad-signature", remote.run("echo"));
  report.same("after the trouble", (await remote.run("echo")).get("count"), 15);
  await knobs({ keyset_version: 2 });
  report.same("a newer keyset", (await remote.run("echo")).get("count"), 16);
}

async function clocks(report, device) {
  const keepsTime = signingTime({ time: now(), floor: now() - DAY_S });
  report.check("clocks that agree", Math.abs(keepsTime - now()) <= 1);
  report.same("a floor ahead of this browser", signingTime({ time: now() + 500, floor: now() + 500 }), now() + 500);
  report.check("a device that believes in 2040 does not draw us there", Math.abs(signingTime({ time: 2208988800, floor: 1700000000 }) - now()) <= 1);
  report.check("a device without a clock", Math.abs(signingTime({ time: 1700000000, floor: 1700000000 }) - now()) <= 1);

  const remote = new Remote(device, Controller.load(device.id));
  await knobs({ floor: now() + 5000 });
  report.check("a floor that moved past us", (await remote.run("echo")).get("count") > 0);
  await knobs({ floor: now() - 30 * DAY_S, clock_s: now() - 3 * DAY_S });
  await refuses(report, "a pass from the future, by the device's clock", "pass-expired", remote.run("echo"));
  await knobs({ clock_s: now(), floor: now() - 1000 });
}

async function recovering(report, device, words) {
  const list = await loadWords("/words-en.txt");
  const owner = Owner.fromWords(words.join(" "), list);
  const before = Controller.load(device.id);
  const controller = Controller.create(owner, device);
  report.check("the old key until the new one is kept", equal(Controller.load(device.id).publicKey, before.publicKey));
  controller.keep();
  owner.forget();
  report.check("a new key for this browser", !equal(before.publicKey, controller.publicKey) && Controller.load(device.id).role === "owner");
  const remote = new Remote(device, controller);
  report.check("an owner's factory reset meets the challenge", (await remote.run("factory-reset")).get("count") > 0);
  await refuses(report, "a stranger's pass", "bad-pass", new Remote(device, Controller.create(Owner.create(), device)).run("echo"));
}

async function platform(report) {
  await refuses(report, "a refusal without words of the device", "not-accepted", exchange("/nothing"));
  await refuses(report, "a damaged word list", "bad-word-list", loadWords("/vectors.json"));
  await refuses(report, "no word list", "bad-word-list", loadWords("/nothing"));
  report.check("the policy is in force: no eval", (() => {
    try {
      return (0, eval)("1") !== 1;
    } catch (error) {
      return true;
    }
  })());
}

/** All of it, on a fresh fake device. */
export async function runWithDevice(report, list) {
  const { device, words } = await claiming(report, list);
  await commands(report, device);
  await clocks(report, await fetchDevice(device.id));
  await recovering(report, await fetchDevice(device.id), words);
  await platform(report);
}
