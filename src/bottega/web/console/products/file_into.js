/* A chosen file is read in the browser into the field that is sent. */
(() => {
  "use strict";
  for (const chooser of document.querySelectorAll("[data-file-into]")) {
    chooser.addEventListener("change", async () => {
      const field = document.getElementById(chooser.dataset.fileInto);
      const [file] = chooser.files;
      if (!file || !field) return;
      const largest = 3_000_000;
      chooser.setCustomValidity(file.size > largest ? "This file is larger than 3 MB." : "");
      if (!chooser.reportValidity()) return;
      field.value = await file.text();
      if (/\.csv$/i.test(file.name)) document.querySelector('[name="format"] option[value$="csv"]')?.setAttribute("selected", "");
    });
  }
})();
