/* The note that something is in the cart closes by its button, by Escape and by itself; keys of forms are renewed. */
(() => {
  "use strict";
  const OPEN_SECONDS = 8;
  const close = () => document.getElementById("added")?.replaceChildren();
  let waiting = 0;
  document.addEventListener("htmx:after:swap", () => {
    const note = document.querySelector("#added [data-added]");
    if (!note || note.dataset.seen) return;
    note.dataset.seen = "yes";
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
