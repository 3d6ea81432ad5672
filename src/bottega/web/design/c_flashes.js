/* What a script asked for and did not get is said where messages stand. */
(() => {
  "use strict";
  document.addEventListener("htmx:error", (event) => {
    const place = document.getElementById("flashes");
    if (!place || event.detail?.ctx?.response) return;
    const box = document.createElement("div");
    box.className = "flash flash-error";
    box.setAttribute("role", "alert");
    const words = document.createElement("p");
    words.textContent = "The shop cannot be reached just now. Please check your connection and try again.";
    box.append(words);
    place.replaceChildren(box);
  });
})();
