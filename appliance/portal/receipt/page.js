// The page around the check: what goes in, in which language, and what comes out in plain words.

import { Problem, equal, fromBase64url, toBase64url, toHex, utf8 } from "../static/bytes.js";
import { idFromText, idToText } from "../static/ids.js";
import { sha256 } from "../static/sha2.js";
import { RECEIPT_MAX_BYTES, verifyReceipt } from "./receipt.js";
import { LANGUAGES, TEXTS } from "./texts.js";

const REMEMBERED = "leither.organization";
const CHOSEN_LANGUAGE = "leither.language";
const FIRST_BYTE = 0x87; // an array of seven: a receipt's file may hold its bytes or its text
const TEXT_MAX = 2 * RECEIPT_MAX_BYTES; // as base64url, with line ends
const DATE_MAX_S = 8640000000000n;
const TREASURY = sha256(utf8("leither/system/treasury\0")).slice(0, 20);

const one = (selector) => document.querySelector(selector);
const [input, field, result] = [one("#receipt"), one("#organization"), one("#result")];

function make(tag, attributes = {}, ...content) {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...content);
  return element;
}

// --- what this browser remembers; a page from disk may be denied that

function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Then it is typed again.
  }
}

// --- words

const known = [recall(CHOSEN_LANGUAGE), ...navigator.languages.map((tag) => tag.toLowerCase().split("-")[0])];
let language = known.find((code) => code in LANGUAGES) || "en";

const say = (key, ...values) => TEXTS[key][language === "zh" ? 1 : 0].replace(/\{(\d)\}/g, (_, at) => values[at]);
const numberText = (value) => value.toLocaleString(LANGUAGES[language]);

function dateText(time) {
  if (time > DATE_MAX_S) return "?";
  const date = new Date(Number(time) * 1000);
  return new Intl.DateTimeFormat(LANGUAGES[language], { dateStyle: "long", timeStyle: "long" }).format(date);
}

function speak() {
  document.documentElement.lang = LANGUAGES[language];
  document.title = `${say("title")} · Leither`;
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  one("nav").setAttribute("aria-label", say("language"));
  for (const button of document.querySelectorAll("nav button")) button.setAttribute("aria-pressed", String(button.value === language));
  if (outcome) show();
}

// --- what goes in

let came = null; // the organization's id where it came with the receipt, until somebody types one

/** The receipt's text and the id beside it, of a pasted text, a link or a link's fragment. */
function taken(text) {
  const bare = text.replace(/\s/g, "");
  const values = new URLSearchParams(bare.replace(/^[^#]*#/, ""));
  return { receipt: values.get("r") || bare, organization: values.get("o") };
}

/** Puts a receipt into the form; an id that came along stands in only where there is none, or where it is another one's link. */
function fill(text, replaces) {
  const { receipt, organization } = taken(text);
  input.value = receipt;
  if (!organization || (field.value && !replaces)) return;
  field.value = organization;
  came = organization === recall(REMEMBERED) ? null : organization;
}

async function openFile(file) {
  if (!file) return;
  try {
    if (file.size > TEXT_MAX) throw new Problem("input/file", "The file is too big.");
    const data = new Uint8Array(await file.arrayBuffer());
    fill(data[0] === FIRST_BYTE ? toBase64url(data) : new TextDecoder().decode(data), false);
  } catch {
    return finish({ problem: new Problem("input/file", "The file could not be read.") });
  }
  check();
}

function bytesOf(text, reader, code) {
  try {
    return reader(text);
  } catch (problem) {
    throw new Problem(code, problem.message);
  }
}

/** The outcome: {found} or {problem}, and {came: the id} where it has not been compared yet. */
function judge() {
  fill(input.value, false);
  const organization = field.value.trim();
  try {
    if (!input.value) throw new Problem("input/empty", "No receipt.");
    if (input.value.length > TEXT_MAX) throw new Problem("input/text", "This is too long for a receipt.");
    const data = bytesOf(input.value, fromBase64url, "input/text");
    if (!organization) throw new Problem("input/none", "No organization.");
    const found = verifyReceipt(data, bytesOf(organization, idFromText, "input/id"));
    if (!came) remember(REMEMBERED, organization);
    return { found, organization, came };
  } catch (problem) {
    return { problem: problem instanceof Problem ? problem : new Problem("page/page", String(problem)) };
  }
}

// --- what comes out

let outcome = null;

function check() {
  finish(judge());
}

function finish(judged) {
  outcome = judged;
  show();
  one("#verdict").focus();
}

const code = (text) => make("code", {}, text);
const row = (key, ...content) => make("div", {}, make("dt", {}, say(key)), make("dd", {}, ...content));
const line = (...content) => make("div", {}, ...content);

function rows({ account, changed, header, transaction, signers, certificate }, organization, held) {
  const keepers = say("keepers", signers.length, certificate.committee.length, certificate.threshold);
  const all = [
    row("account", code(idToText(account)), equal(account, TREASURY) ? line(say("treasury")) : ""),
    held,
    row("at", say("pulse", numberText(header.pulse)), line(dateText(header.time))),
    changed === null ? "" : row("changed", say("pulse", numberText(changed))),
    row("total", say("accounts", numberText(header.total), numberText(header.accounts))),
    row("signers", keepers, ...signers.map((id) => line(code(idToText(id))))),
    row("transaction", ...(transaction ? [code(toHex(transaction)), line(say("included"))] : [say("none")])),
    row("organization", code(organization)),
  ];
  return make("dl", {}, ...all);
}

/** Asks to compare the id that came along; whoever says that it is the right one has it remembered. */
function question(organization) {
  const other = recall(REMEMBERED);
  const button = make("button", { type: "button", className: "secondary", id: "same" }, say("same"));
  button.addEventListener("click", () => {
    came = null;
    remember(REMEMBERED, organization);
    check();
  });
  const sentence = other ? say("came_other", other) : say("came");
  return make("div", { className: "alert bad", id: "came" }, make("p", {}, sentence), make("p", {}, code(organization)), button);
}

function show() {
  const { found, problem, organization } = outcome;
  const verdict = make("h2", { id: "verdict", tabIndex: -1 });
  result.hidden = false;
  if (problem) {
    const [part] = problem.code.split("/");
    const values = problem.values.map((value) => (value instanceof Uint8Array ? idToText(value) : value));
    const key = [problem.code, part + "/", part, "receipt/"].find((one) => one in TEXTS);
    verdict.textContent = say(part === "input" ? "unchecked" : "bad");
    const detail = make("p", { className: "hint", lang: "en" }, problem.code === problem.message ? problem.code : `${problem.code}: ${problem.message}`);
    return result.replaceChildren(verdict, make("p", { className: "alert bad", id: "problem" }, say(key, ...values)), detail);
  }
  verdict.textContent = say(outcome.came ? "if_yours" : "good");
  verdict.className = outcome.came ? "" : "alert good";
  const amount = found.amount ? say("units", numberText(found.amount)) : say("nothing");
  const asked = outcome.came ? question(organization) : "";
  const held = row("held", make("b", { id: "amount" }, amount));
  result.replaceChildren(verdict, asked, rows(found, organization, held), make("p", { className: "hint" }, say("moment")));
}

// --- start

for (const button of document.querySelectorAll("nav button")) {
  button.addEventListener("click", () => {
    language = button.value;
    remember(CHOSEN_LANGUAGE, language);
    speak();
  });
}
field.addEventListener("input", () => (came = null));
// A verdict never stands beside a receipt that it is not about.
one("form").addEventListener("input", () => (result.hidden = true));
one("form").addEventListener("submit", (event) => {
  event.preventDefault();
  check();
});
one("#open").addEventListener("click", () => one("#file").click());
one("#file").addEventListener("change", (event) => openFile(event.target.files[0]));
// Text that is dropped goes where it is dropped, as everywhere.
const holdsFile = (event) => event.dataTransfer.types.includes("Files");
document.addEventListener("dragover", (event) => holdsFile(event) && event.preventDefault());
document.addEventListener("drop", (event) => {
  if (!holdsFile(event)) return;
  event.preventDefault();
  openFile(event.dataTransfer.files[0]);
});

/** A receipt handed over as a link: what stands behind # is never sent to the server of the page. */
function readLink() {
  if (!/[#&]r=/.test(location.hash)) return;
  fill(location.hash, true);
  check();
}

field.value = recall(REMEMBERED) || "";
speak();
// A page that was saved while it showed a verdict starts anew.
result.hidden = one("#needs").hidden = true;
one("form").hidden = false;
readLink();
window.addEventListener("hashchange", readLink);
