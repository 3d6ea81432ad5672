"""axe-core on every page of the storefront, light and dark: nothing serious, nothing critical."""

import hashlib
import re
from collections.abc import AsyncGenerator

import pytest_asyncio
from playwright.async_api import Page

from tests.web.browser.checker import AXE, FOLDER, findings_in_both
from tests.web.browser.hands import come_as, open_chat, say
from tests.web.resident import Resident, settle
from tests.web.shelf import Shelf


@pytest_asyncio.fixture(scope="module")
async def resident(shelf: Shelf, base: str) -> AsyncGenerator[Resident]:
    settled = await settle(shelf, "seen@example.com")
    yield settled
    await settled.visitor.client.aclose()


def test_the_checker_is_the_one_that_is_named() -> None:
    digest = re.search(r"sha256: (\w{64})", (FOLDER / "NOTICE").read_text())
    assert digest is not None
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == digest[1]


# What is put into a page that is open already, and no page by itself.
FRAGMENTS = ("/choice", "/badge", "/panel", "/turns/{number}", "/pictures/{version}/{name}", "/search/suggestions")


async def test_no_page_has_a_serious_finding(page: Page, base: str, resident: Resident) -> None:
    await come_as(page.context, base, resident.visitor)
    found: list[str] = []
    seen = 0
    for path, address in resident.addresses.items():
        if path.endswith(FRAGMENTS):
            continue
        await page.goto(address)
        found += await findings_in_both(page, path, frame=seen == 0)
        seen += 1
    assert found == []
    assert seen > 25


async def test_what_opens_on_a_page_has_none_either(page: Page) -> None:
    """The menu, the note about the cart, a form with problems, and the panel with cards, buttons and sources."""
    found: list[str] = []
    await page.goto("/p/ridge-jacket")
    await page.click(".menu summary")
    found += await findings_in_both(page, "menu")
    await page.keyboard.press("Escape")
    await page.click("#buy button")
    await page.wait_for_selector("[data-added]")
    found += await findings_in_both(page, "note about the cart")
    await page.click("[data-added] [data-close]")
    await open_chat(page)
    for text in (
        "I am looking for a boot",
        "How do I return something?",
        "put the walking map into my cart",
        "check out",
    ):
        await say(page, text)
    found += await findings_in_both(page, "panel")
    await page.set_viewport_size({"width": 390, "height": 844})
    found += await findings_in_both(page, "panel on a phone")
    await page.keyboard.press("Escape")
    await page.goto("/checkout")
    await page.click(".checkout-sum button[value=order]")
    await page.wait_for_selector(".problem")
    found += await findings_in_both(page, "checkout with problems")
    assert found == []
