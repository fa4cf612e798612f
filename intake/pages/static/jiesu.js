/* Small helps on top of pages that work without them. No data leaves through here but what htmx posts. */
"use strict";

const csrf = document.querySelector("meta[name=csrf]");

document.addEventListener("htmx:configRequest", (event) => {
  if (csrf) event.detail.headers["X-CSRF-Token"] = csrf.content;
});

/* Copy buttons appear only where copying works. */
const copies = (root) => root.querySelectorAll("[data-copy]").forEach((button) => {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = button.dataset.copied;
  });
});

/* A form sends once; the server would recognise the second time, but people should not have to wonder. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]") || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-busy", "true"));
});

/* When the network or the session is gone, say so and keep what was typed. */
const trouble = (kind) => {
  const box = document.getElementById("trouble");
  if (!box) return;
  box.hidden = !kind;
  box.querySelectorAll("p").forEach((line) => { line.hidden = !(kind in line.dataset); });
};
const unlock = () => document.querySelectorAll("form[data-sent]").forEach((form) => {
  delete form.dataset.sent;
  form.querySelectorAll("button").forEach((button) => button.removeAttribute("aria-busy"));
});
let expired = false;
document.addEventListener("htmx:sendError", () => trouble("offline"));
document.addEventListener("htmx:responseError", (event) => {
  expired = event.detail.xhr.status === 401;
  if (expired) trouble("expired");
});
document.addEventListener("htmx:afterRequest", (event) => {
  unlock();
  if (event.detail.successful) trouble("");
});
window.addEventListener("pageshow", unlock);
/* Signed in again in another window: take the new session's secret into this page's forms. */
window.addEventListener("focus", async () => {
  if (!expired) return;
  const answer = await fetch("/account", { credentials: "same-origin", redirect: "manual" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("meta[name=csrf]");
  if (!fresh) return;
  csrf.content = fresh.content;
  document.querySelectorAll("input[name=csrf]").forEach((field) => { field.value = fresh.content; });
  expired = false;
  trouble("");
});

/* Files over the limit are told before they travel. */
document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches("input[type=file][data-limit]")) return;
  const over = input.files.length > Number(input.dataset.most)
    || [...input.files].some((file) => file.size > Number(input.dataset.limit));
  input.setCustomValidity(over ? input.dataset.over : "");
  if (over) input.reportValidity();
});

/* Townships of the chosen county only. */
const towns = (root) => root.querySelectorAll("select[data-towns-of]").forEach((select) => {
  const county = document.getElementById(select.dataset.townsOf);
  const groups = [...select.querySelectorAll("optgroup")];
  const narrow = () => {
    groups.forEach((group) => { group.hidden = group.disabled = Boolean(county.value) && group.dataset.county !== county.value; });
    const chosen = select.selectedOptions[0];
    if (chosen && chosen.parentElement.disabled) select.value = "";
  };
  county.addEventListener("change", narrow);
  narrow();
});

/* Keys for people who do this two hundred times a day. */
const typing = (element) => element.closest("input, textarea, select, [contenteditable]");
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.ctrlKey) {
    const form = event.target.closest && event.target.closest("form");
    if (form) { event.preventDefault(); form.requestSubmit(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const links = [...document.querySelectorAll("a.open")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "j" && links.length) links[Math.min(at + 1, links.length - 1)].focus();
  else if (event.key === "k" && links.length) links[Math.max(at - 1, 0)].focus();
  else if (event.key === "/") {
    const field = document.querySelector("input[type=search]");
    if (field) { event.preventDefault(); field.focus(); }
  }
});

/* After a swap: listen again, put the focus back where it was or on what is new. */
let focused = null;
document.addEventListener("htmx:beforeSwap", () => {
  const active = document.activeElement;
  focused = active && active.matches("a.open") ? active.getAttribute("href") : null;
});
document.addEventListener("htmx:afterSettle", (event) => {
  ready(event.target);
  if (event.target.id === "why-box") document.getElementById("told").textContent = (event.target.querySelector("h2") || event.target).textContent;
  if (focused) {
    const again = document.querySelector(`a.open[href="${focused}"]`);
    if (again) again.focus({ preventScroll: true });
  } else if (event.target.id === "main") {
    window.scrollTo(0, 0);
    (event.target.querySelector("[data-focus]") || event.target).focus({ preventScroll: true });
  }
});

const ready = (root) => { copies(root); towns(root); };
ready(document);
const wrong = document.querySelector("[data-focus]");
if (wrong) wrong.focus();

/* /track#code: the part after # never reaches a server's log. */
const track = document.getElementById("track-form");
if (track && location.hash.length > 8) {
  track.querySelector("#code").value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  track.requestSubmit();
}
