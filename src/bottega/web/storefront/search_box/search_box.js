/* Arrow keys go from the search box into its suggestions and back; Escape closes them. */
(() => {
  "use strict";
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("[data-search]");
    if (!form) return;
    const box = form.querySelector("input");
    const places = [box, ...form.querySelectorAll("#suggestions a")];
    if (event.key === "Escape") {
      form.querySelector("#suggestions").replaceChildren();
      box.focus();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || places.length < 2) return;
    const place = places.indexOf(document.activeElement);
    if (place < 0) return;
    event.preventDefault();
    places[(place + step + places.length) % places.length].focus();
  });
})();
