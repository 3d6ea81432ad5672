/* What only works with scripts may now be shown, and what stands in for it hidden. */
document.documentElement.classList.add("has-script");
/* Browsers that cannot show the inside of a closed menu get it opened where there is room. */
if (!CSS.supports("selector(::details-content)") && window.matchMedia("(min-width: 52rem)").matches) {
  for (const menu of document.querySelectorAll("[data-side]")) menu.open = true;
}
