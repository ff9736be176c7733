// What the plain pages gain where JavaScript runs: parts that keep themselves fresh, a password that can be shown,
// sliders, copy buttons, and keys that live in this browser.

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function make(tag, attributes = {}, text = "") {
  const element = Object.assign(document.createElement(tag), attributes);
  element.textContent = text;
  return element;
}

/** Fetches a part of the page anew every so many seconds; follows the server when it moves on to another page. */
function keepFresh(part) {
  let last;
  // Where the number is small the device holds its answer until there is news.
  const again = (least = 0) => setTimeout(refresh, Math.max(least, Number(part.dataset.live)) * 1000);
  async function refresh() {
    if (document.hidden) return again(1);
    try {
      const response = await fetch(location.pathname, { headers: { "X-Live": part.id }, cache: "no-store" });
      if (response.redirected) return location.assign(response.url);
      const html = await response.text();
      if (response.ok && html.startsWith("<!doctype")) return location.reload();
      if (response.ok && html !== last) {
        last = html;
        replace(part, html);
        if (part.id === "networks") part.dataset.live = 5;
      }
    } catch {
      // The device is on another network for a moment, or restarting.
      return again(2);
    }
    again();
  }
  again();
}

/** Puts new content in place, keeping the chosen radio button and the focus. */
function replace(part, html) {
  const chosen = one("input:checked", part)?.value;
  const focused = part.contains(document.activeElement) && document.activeElement;
  part.innerHTML = html;
  for (const input of all("input", part)) {
    if (input.value === chosen) input.checked = true;
  }
  all("[data-copy]", part).forEach(copyable);
  if (focused) all(focused.tagName, part).find((element) => element.value === focused.value)?.focus();
}

function showable(input) {
  const { show, hide } = input.dataset;
  const button = make("button", { type: "button" }, show);
  button.setAttribute("aria-pressed", "false");
  const focused = document.activeElement === input;
  const box = make("div", { className: "with-button" });
  input.before(box);
  box.append(input, button);
  if (focused) input.focus();
  button.addEventListener("click", () => {
    const visible = input.type === "password";
    input.type = visible ? "text" : "password";
    button.textContent = visible ? hide : show;
    button.setAttribute("aria-pressed", String(visible));
    input.focus();
  });
}

function slider(input) {
  const range = make("input", { type: "range", min: input.min, max: input.max, value: input.value, tabIndex: -1 });
  range.setAttribute("aria-hidden", "true");
  range.addEventListener("input", () => (input.value = range.value));
  input.addEventListener("input", () => (range.value = input.value));
  input.parentElement.append(range);
}

function copyable(line) {
  const { copy, copied } = line.dataset;
  const text = one("code", line).textContent;
  const button = make("button", { type: "button" }, copy);
  button.addEventListener("click", () => {
    // The clipboard interface exists on https only; a selection can be copied everywhere.
    const area = make("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.textContent = copied;
    setTimeout(() => (button.textContent = copy), 2000);
  });
  line.append(button);
}

for (const part of all("[data-live]")) keepFresh(part);
for (const input of all("input[data-show]")) showable(input);
for (const input of all("input[data-slider]")) slider(input);
for (const line of all("[data-copy]")) copyable(line);
// A second press of a slow button is no second order.
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented) setTimeout(() => all("button", event.target).forEach((button) => (button.disabled = true)));
});
window.addEventListener("pageshow", () => all("button:disabled").forEach((button) => (button.disabled = false)));

// The key modules are a good part of all bytes: only the two pages that use them load them.
if (one("#create") || one("#sign-in-here")) import("./owner.js").then((owner) => owner.start());
