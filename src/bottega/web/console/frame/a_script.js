/* What only works with scripts may now be shown, and what stands in for it hidden. */
document.documentElement.classList.add("has-script");
/* Browsers that cannot show the inside of a closed menu get it opened where there is room. */
if (!CSS.supports("selector(::details-content)") && window.matchMedia("(min-width: 52rem)").matches) {
  for (const menu of document.querySelectorAll("[data-side]")) menu.open = true;
}
/* On a low screen the navigation is scrolled to the place one is at; scripts of a page's head run before its body. */
document.addEventListener("DOMContentLoaded", () => {
  const side = document.querySelector(".side");
  const here = side?.querySelector("[aria-current]");
  if (here && here.getBoundingClientRect().bottom > side.clientHeight) side.scrollTop = here.offsetTop - side.clientHeight / 2;
});
