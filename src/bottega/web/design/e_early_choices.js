/* What was chosen before the scripts had come, or was put back by the browser, is asked for as if it were chosen now.
   Timers run in the order they were set: this one after the one that htmx begins by. */
window.setTimeout(() => {
  "use strict";
  const isChosen = (field) =>
    field.matches("select")
      ? Array.from(field.options).some((option) => option.selected && !option.defaultSelected)
      : field.checked && !field.defaultChecked;
  for (const field of document.querySelectorAll(":is(select, [type=radio], [type=checkbox]):is([hx-get], [hx-post])")) {
    if (isChosen(field)) field.dispatchEvent(new Event("change", { bubbles: true }));
  }
});
