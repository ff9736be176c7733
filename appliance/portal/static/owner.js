// The owner's key on the setup page (made here, written down, checked), and signing in with the key this browser keeps.

import { toBase64url } from "./bytes.js";
import { claimProof } from "./claim.js";
import { Remote } from "./command.js";
import { fetchDevice, signingTime } from "./device.js";
import { idFromText, publicKeyToText } from "./ids.js";
import { Controller, Owner } from "./key.js";
import { loadWords } from "./words.js";

const ASKED = 3;
const one = (selector, root = document) => root.querySelector(selector);
const filled = (pattern, value) => pattern.replace("%s", value);

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
    const { working, failed } = this.create.dataset;
    // The token first: words written down for a claim that fails are words for nothing.
    if (!one("#token").reportValidity()) return;
    this.state.textContent = working;
    await new Promise((resolve) => setTimeout(resolve, 30)); // let the sentence appear: key arithmetic holds the page
    try {
      const list = await loadWords(new URL("words-en.txt", import.meta.url));
      this.owner = Owner.create();
      this.words = this.owner.words(list);
    } catch (problem) {
      this.state.textContent = filled(failed, problem.message);
      return;
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
    const alert = one("#words-check .alert");
    alert.textContent = filled(one("#words-check").dataset.wrong, wrong + 1);
    alert.hidden = false;
    one(`#word-${wrong}`).focus();
  }

  /** Leaves this browser a key of its own with a pass from the owner's, then sends the form with the proof of the owner's key. */
  async claim() {
    const token = one("#token").value.trim();
    one("#public_key").value = publicKeyToText(this.owner.publicKey);
    try {
      const device = await fetchDevice(idFromText(this.create.dataset.device));
      one("#proof").value = toBase64url(claimProof(token, this.owner, device.id, signingTime(device)));
      Controller.create(this.owner, device, { role: "operator" });
    } catch (problem) {
      // Private windows keep no key, and a claim is worth more than a one-tap sign-in later.
      console.info(problem.message);
    }
    this.forget();
    one("#owner-form").hidden = false;
    // Its own button: requestSubmit came to Safari with 16.
    one("#owner-form button:not([type=button])").click();
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
      alert.textContent = filled(part.dataset.failed, problem.message);
      alert.hidden = false;
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
    await new Promise((resolve) => setTimeout(resolve, 30)); // let the button show that it works
    let owner = null;
    try {
      owner = Owner.fromWords(typed.value, await loadWords(new URL("words-en.txt", import.meta.url)));
      const device = await fetchDevice(idFromText(part.dataset.device));
      await new Remote(device, Controller.create(owner, device, { role: "operator" })).signIn(one(".code").textContent);
      typed.value = "";
      location.assign("/sign-in");
    } catch (problem) {
      alert.textContent = problem.message;
      alert.hidden = false;
      button.disabled = false;
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
