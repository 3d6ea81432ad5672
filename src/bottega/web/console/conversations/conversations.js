/* The newest stays in sight while a conversation goes on, unless somebody reads further up. */
(() => {
  "use strict";
  const transcript = document.querySelector("[data-transcript]");
  if (!transcript) return;
  let follows = true;
  const toEnd = () => { if (follows) transcript.scrollTop = transcript.scrollHeight; };
  transcript.addEventListener("scroll", () => {
    follows = transcript.scrollHeight - transcript.scrollTop - transcript.clientHeight < 40;
  });
  new MutationObserver(toEnd).observe(transcript, { childList: true, subtree: true, characterData: true });
  toEnd();
})();
