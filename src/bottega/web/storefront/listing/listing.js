/* A choice that sorts does so at once; where there is room, the panel that narrows down is open. */
(() => {
  "use strict";
  document.documentElement.classList.add("has-script");
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-submits]")) event.target.form.requestSubmit();
  });
  const wide = window.matchMedia("(min-width: 56.01rem)");
  const settle = () => {
    for (const panel of document.querySelectorAll("[data-open-on-wide]")) panel.open = wide.matches;
  };
  settle();
  wide.addEventListener("change", settle);
})();
