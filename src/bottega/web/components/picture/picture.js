/* A picture of a catalogue that cannot be loaded gives way to its words on a quiet ground. */
(() => {
  "use strict";
  const give_way = (image) => {
    const frame = image.closest(".picture");
    if (!frame || frame.classList.contains("picture-broken")) return;
    frame.classList.add("picture-broken");
    const words = document.createElement("span");
    words.className = "picture-words";
    words.setAttribute("aria-hidden", "true");
    words.textContent = image.alt;
    frame.append(words);
  };
  document.addEventListener("error", (event) => {
    if (event.target instanceof HTMLImageElement) give_way(event.target);
  }, true);
  for (const image of document.images) {
    if (image.complete && image.naturalWidth === 0 && image.loading !== "lazy") give_way(image);
  }
})();
