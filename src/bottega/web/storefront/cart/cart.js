/* The note that something is in the cart closes by its button, by Escape and by itself; keys of forms are renewed.
   Whoever put it there with the keyboard goes on from the note, and comes back to where they were. */
(() => {
  "use strict";
  const OPEN_SECONDS = 8;
  let waiting = 0;
  let opener = null;
  const close = () => {
    const place = document.getElementById("added");
    if (place?.matches(":focus-within")) opener?.focus();
    place?.replaceChildren();
  };
  document.addEventListener("htmx:after:swap", () => {
    const note = document.querySelector("#added [data-added]");
    if (!note || note.dataset.seen) return;
    note.dataset.seen = "yes";
    opener = document.activeElement;
    if (opener?.matches(":focus-visible")) note.querySelector(".added-ways a:last-child").focus();
    window.bottega.renewKeys();
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => {
      if (!note.matches(":hover, :focus-within")) close();
    }, OPEN_SECONDS * 1000);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#added [data-close]")) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  /* A page that comes back as it was left shows the cart as it is now. */
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    window.bottega.renewKeys();
    window.htmx?.ajax("GET", "/cart/badge", { target: "#cart-link", swap: "outerHTML" });
  });
})();
