/* Keys that make a form act once; a form that is to act again gets another one. */
window.bottega = {
  newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return `frm-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  },
  renewKeys(within = document) {
    for (const field of within.querySelectorAll("[data-key]")) field.value = window.bottega.newKey();
  },
};
