"""What a person does in a browser: typing an address, talking in the panel, and going on with the keyboard alone."""

import re

from playwright.async_api import BrowserContext, Page, expect

from tests.web.visitor import ADDRESS, Visitor

MOST_STOPS = 150
SESSION = "bottega_session"
# Focus shows on the thing itself, or where the thing is drawn: the label of a choice, the box beside a hidden radio.
_FOCUS_SHOWS = """() => {
  const one = document.activeElement;
  const drawn = [one, one.nextElementSibling, one.closest("label")].filter(Boolean);
  return drawn.some((each) => getComputedStyle(each).outlineStyle !== "none");
}"""


async def fill_address(page: Page) -> None:
    """Contact and address at checkout."""
    for name in ("email", "name", "line1", "postal_code", "city"):
        await page.fill(f"#{name}", ADDRESS[name])


def order_in(page: Page) -> str:
    """The id of the order whose page is open."""
    found = re.search(r"ord_\w{26}", page.url)
    assert found is not None, page.url
    return found[0]


async def open_chat(page: Page) -> None:
    await page.click("[data-chat-open]")
    await expect(page.locator("[data-chat-body] textarea")).to_be_visible()


async def say(page: Page, text: str) -> str:
    """Says something in the panel and waits for the whole answer; its words."""
    number = await page.locator("[data-chat-body] [data-turn]").count() + 1
    await page.fill("[data-chat-body] textarea", text)
    await page.keyboard.press("Enter")
    return await answer(page, number)


async def answer(page: Page, number: int) -> str:
    """The words of that turn, once it is answered."""
    turn = page.locator(f'[data-chat-body] [data-turn="{number}"][data-state="answered"]')
    await expect(turn).to_have_count(1)
    return " ".join((await turn.inner_text()).split())


async def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the focus is there; wherever it stops on the way it can be seen."""
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        where = await page.evaluate("() => document.activeElement.outerHTML.slice(0, 160)")
        assert await page.evaluate(_FOCUS_SHOWS), f"the focus cannot be seen on {where}"
        if await page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab on {page.url}")


async def come_as(context: BrowserContext, base: str, visitor: Visitor) -> None:
    """The browser goes on where somebody without scripts was."""
    token = visitor.cookie(SESSION)
    assert token is not None
    await context.add_cookies([{"name": SESSION, "value": token, "url": base}])
