/* Deciding with single keys; they are named in the help, can be switched off there, and never act while somebody types. */
(() => {
  "use strict";
  const page = document.querySelector("[data-approvals]");
  if (!page) return;
  const OFF = "bottega-console-keys-off";
  const box = document.querySelector("[data-shortcuts-on]");
  box.checked = !localStorage.getItem(OFF);
  box.addEventListener("change", () => (box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
  const open = (id, field) => {
    const dialog = document.getElementById(id);
    if (!dialog) return;
    dialog.showModal();
    dialog.querySelector(field)?.focus();
  };
  const go = (address) => { if (address) window.location.assign(address); };
  const approval = page.querySelector(".approval");
  const deeds = {
    j: () => go(approval?.dataset.following),
    k: () => go(approval?.dataset.preceding),
    a: () => open("approve", "button:not([type])"),
    d: () => open("deny", "textarea"),
    e: () => document.getElementById("edit")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "?") { event.preventDefault(); open("keys", "input"); return; }
    if (!box.checked || !Object.hasOwn(deeds, event.key)) return;
    event.preventDefault();
    deeds[event.key]();
  });
})();
