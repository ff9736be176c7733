// The owner's key on the setup page (made here, written down, checked), and signing in with the key this browser keeps.

import { Problem, toBase64url } from "./bytes.js";
import { checkClaim, sendClaim, signClaim } from "./claim.js";
import { Remote } from "./command.js";
import { fetchDevice, signingTime } from "./device.js";
import { idFromText, publicKeyToText } from "./ids.js";
import { Controller, Owner } from "./key.js";
import { loadWords } from "./words.js";

const ASKED = 3;
const one = (selector, root = document) => root.querySelector(selector);
const filled = (pattern, ...values) => values.reduce((text, value) => text.replace("%s", () => value), pattern);
const MADE = "leither.made"; // in the session's storage: the public key made here, should its claim get lost on the way

/** Gives the page's `work` a moment to show that something happens: key arithmetic holds it. */
const breath = () => new Promise((resolve) => setTimeout(resolve, 30));

/** A problem in the reader's language, where the part of the page has a sentence for its code. */
function sentence(part, problem) {
  const known = part.getAttribute(`data-say-${problem.code}`);
  return known ? filled(known, ...problem.values) : filled(part.dataset.failed, problem.message);
}

function say(alert, text) {
  alert.textContent = text;
  alert.hidden = false;
}

/** Shows one part of the owner page and hides the others. */
function showOnly(shown) {
  for (const selector of ["#owner-form", "#words", "#words-check"]) one(selector).hidden = selector !== shown;
  one(shown).querySelector("h2")?.focus();
  window.scrollTo(0, 0);
}

/** ASKED different positions of a list, in order. */
function somePositions(length) {
  const positions = new Set();
  while (positions.size < ASKED) positions.add(crypto.getRandomValues(new Uint8Array(1))[0] % length);
  return [...positions].sort((a, b) => a - b);
}

class OwnerPage {
  constructor() {
    this.create = one("#create");
    this.state = one("#create-state");
    this.create.hidden = false;
    this.restore();
    one("#create-key").addEventListener("click", () => this.makeKey());
    one("#words-written").addEventListener("click", () => this.ask());
    one("#words-again").addEventListener("click", () => showOnly("#words"));
    one("#words-cancel").addEventListener("click", () => this.cancel());
    one("#words-check form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.check();
    });
  }

  async makeKey() {
    // The token first: words written down for a claim that fails are words for nothing.
    if (!one("#token").reportValidity()) return;
    const button = one("#create-key");
    button.disabled = true;
    this.state.textContent = this.create.dataset.working;
    await breath();
    try {
      const list = await loadWords(new URL("words-en.txt", import.meta.url));
      this.owner = Owner.create();
      await checkClaim((await this.signed()).claim);
      this.words = this.owner.words(list);
    } catch (problem) {
      this.state.textContent = sentence(this.create, problem);
      return this.forget();
    } finally {
      button.disabled = false;
    }
    this.state.textContent = "";
    one("#words ol").replaceChildren(...this.words.map((word) => Object.assign(document.createElement("li"), { textContent: word })));
    showOnly("#words");
  }

  cancel() {
    this.forget();
    showOnly("#owner-form");
  }

  forget() {
    this.owner?.forget();
    this.owner = this.words = null;
    one("#words ol").replaceChildren();
  }

  ask() {
    const { label } = one("#words-check").dataset;
    this.asked = somePositions(this.words.length);
    one("#words-check .alert").hidden = true;
    one(".asked").replaceChildren(
      ...this.asked.map((position) => {
        const field = Object.assign(document.createElement("div"), { className: "field" });
        const input = { id: `word-${position}`, autocomplete: "off", autocapitalize: "none", spellcheck: false };
        field.append(
          Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: filled(label, position + 1) }),
          Object.assign(document.createElement("input"), input),
        );
        return field;
      }),
    );
    showOnly("#words-check");
  }

  check() {
    const wrong = this.asked.find((position) => one(`#word-${position}`).value.trim().toLowerCase() !== this.words[position]);
    if (wrong === undefined) return this.claim();
    say(one("#words-check .alert"), filled(one("#words-check").dataset.wrong, wrong + 1));
    one(`#word-${wrong}`).focus();
  }

  /** The device, and the claim for it with the typed token. */
  async signed() {
    const device = await fetchDevice(idFromText(this.create.dataset.device));
    return { device, claim: signClaim(one("#token").value, this.owner, device.id, signingTime(device)) };
  }

  /** Claims, then leaves this browser a key of its own with a pass from the owner's. The owner's key stays until it has worked. */
  async claim() {
    const owner = this.owner;
    const button = one("#words-check button");
    button.disabled = true;
    one("#words-check .alert").hidden = true;
    await breath();
    try {
      this.remember();
      const { device, claim } = await this.signed();
      if (this.owner !== owner) return; // given up in the meantime
      await this.send(claim);
      leaveKey(owner, device);
    } catch (problem) {
      // The words are on paper, so nothing is forgotten: the button works again.
      return say(one("#words-check .alert"), problem.code === "refused" ? problem.message : sentence(one("#words-check"), problem));
    } finally {
      button.disabled = false;
    }
    this.forget();
    this.remember("");
    location.assign("/setup");
  }

  /** Posts the claim as the page's form would, which signs this browser in, but stays on the page: a page that is left forgets the key. */
  async send(claim) {
    const body = new URLSearchParams({ form_token: one("#owner-form [name=form_token]").value, claim: toBase64url(claim) });
    let response, html;
    try {
      response = await fetch("/setup/owner", { method: "POST", body, redirect: "manual" });
      html = await response.text();
    } catch {
      throw new Problem("unreachable", "The device does not answer.");
    }
    // A redirect does not say whose the device is now; the claim, repeated, does.
    if (response.type === "opaqueredirect") return sendClaim(claim);
    const alert = one(".alert", new DOMParser().parseFromString(html, "text/html"));
    throw new Problem(alert ? "refused" : "failed", alert?.textContent || `HTTP ${response.status}`);
  }

  /** Keeps the public key made here for a page that is loaded again before its claim arrived. */
  remember(key = publicKeyToText(this.owner.publicKey)) {
    try {
      sessionStorage.setItem(MADE, key);
    } catch {
      // A browser that keeps nothing; the claim goes out all the same.
    }
  }

  /** After a claim that never arrived: the words are on paper, so the key they belong to must be here again. */
  restore() {
    try {
      one("#public_key").value ||= sessionStorage.getItem(MADE) || "";
    } catch {
      // Nothing kept.
    }
  }
}

/** This browser's own key. Private windows keep none, and a claim is worth more than a one-tap sign-in later. */
function leaveKey(owner, device) {
  try {
    Controller.create(owner, device, { role: "operator" }).keep();
  } catch (problem) {
    console.info(problem.message);
  }
}

/** One tap where this browser has a key of this device. */
function offerSignIn(part) {
  const id = idFromText(part.dataset.device);
  let controller = null;
  try {
    controller = Controller.load(id);
  } catch {
    return; // no storage, or a key of another time: the code below the button still works
  }
  if (!controller) return;
  part.hidden = false;
  const button = one("button", part);
  const alert = one(".alert", part);
  button.addEventListener("click", async () => {
    button.disabled = true;
    alert.hidden = true;
    try {
      await new Remote(await fetchDevice(id), controller).signIn(one(".code").textContent);
      location.assign("/sign-in");
    } catch (problem) {
      say(alert, sentence(part, problem));
      button.disabled = false;
    }
  });
}

/** Recovery words in a browser that has no key: they give it one of its own, and are forgotten. */
function offerWords(part) {
  const alert = one(".alert", part);
  const typed = one("textarea", part);
  const button = one("button", part);
  part.hidden = false;
  one("form", part).addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    alert.hidden = true;
    await breath();
    let owner = null;
    try {
      owner = Owner.fromWords(typed.value, await loadWords(new URL("words-en.txt", import.meta.url)));
      const device = await fetchDevice(idFromText(part.dataset.device));
      const controller = Controller.create(owner, device, { role: "operator" });
      await new Remote(device, controller).signIn(one(".code").textContent);
      controller.keep(); // not before: the words may be somebody else's
      typed.value = "";
      location.assign("/sign-in");
    } catch (problem) {
      say(alert, sentence(part, problem));
      button.disabled = false;
      typed.focus();
    } finally {
      owner?.forget();
    }
  });
}

export function start() {
  if (one("#create")) new OwnerPage();
  const words = one("#sign-in-words");
  if (words) offerWords(words);
  const part = one("#sign-in-here");
  if (part) offerSignIn(part);
}
