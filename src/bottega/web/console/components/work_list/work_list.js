/* Work lists: filters act when they are changed, and rows are chosen together. */
(() => {
  "use strict";
  for (const form of document.querySelectorAll("[data-asks-itself]")) {
    form.addEventListener("change", (event) => { if (event.target.matches("select")) form.requestSubmit(); });
    form.addEventListener("submit", () => {
      for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
    });
  }
  const bulk = document.querySelector("[data-bulk]");
  const all = document.querySelector("[data-choose-all]");
  // A list without rows has buttons for none.
  if (!bulk || !all) return;
  const boxes = [...document.querySelectorAll('[name="chosen"]')];
  const show = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    bulk.classList.toggle("is-on", chosen > 0);
    bulk.querySelector("[data-bulk-count]").textContent = `${chosen} chosen`;
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  };
  all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; show(); });
  for (const box of boxes) box.addEventListener("change", show);
  bulk.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.asks;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  show();
})();
