/* A row in which something was counted is a chosen one. */
(() => {
  "use strict";
  for (const field of document.querySelectorAll("[data-counts]")) {
    field.addEventListener("input", () => {
      const box = document.querySelector(`[name="chosen"][value="${CSS.escape(field.dataset.counts)}"]`);
      if (!box || box.checked === (field.value !== "")) return;
      box.checked = field.value !== "";
      box.dispatchEvent(new Event("change"));
    });
  }
})();
