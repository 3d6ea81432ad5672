"""Colleagues in a real browser: deciding with the keyboard alone, and axe-core on every page of the console."""

from playwright.async_api import BrowserContext, Page, expect

from bottega.kernel.identifiers import new_id
from bottega.web import console
from tests.web.browser.checker import findings_in_both
from tests.web.console.approvals.held import HeldCut, held_cut
from tests.web.console.colleagues import CONSOLE, Colleague, colleague
from tests.web.console.test_strictness import looked_at
from tests.web.shelf import BOOT_MINOR, Shelf


async def come_to_work(context: BrowserContext, colleague: Colleague) -> None:
    """The browser goes on in the colleague's session."""
    token = colleague.cookie(console.FACE.cookie)
    assert token is not None
    await context.add_cookies([{"name": console.FACE.cookie, "value": token, "domain": "127.0.0.1", "path": CONSOLE}])


async def held(shelf: Shelf, page: Page) -> HeldCut:
    """A price cut that waits, open before an owner."""
    await come_to_work(page.context, await colleague(shelf, "owner"))
    cut = await held_cut(shelf)
    await page.goto(f"{CONSOLE}/approvals/{cut.approval_id}")
    await expect(page.locator("#approval-title")).to_be_visible()
    return cut


async def test_the_keyboard_alone_denies_with_a_reason(shelf: Shelf, page: Page) -> None:
    cut = await held(shelf, page)
    before = await cut.price_minor()
    await page.keyboard.press("d")
    await expect(page.locator("#deny #reason")).to_be_focused()
    await page.keyboard.type("Not in the season.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#flashes")).to_contain_text("Denied. Nothing was changed.")
    row = await cut.row()
    assert (row["state"], row["reason"], await cut.price_minor()) == ("denied", "Not in the season.", before)


async def test_the_keyboard_alone_approves(shelf: Shelf, page: Page) -> None:
    cut = await held(shelf, page)
    await page.keyboard.press("a")
    await expect(page.locator("#approve button:not([type])")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#flashes")).to_contain_text("Approved and done.")
    row = await cut.row()
    assert (row["state"], await cut.price_minor()) == ("granted", BOOT_MINOR // 2)
    headers = {**await shelf.shop.staff_headers("owner"), "Idempotency-Key": new_id("key")}
    undone = await shelf.shop.client.post(f"/api/log/{row['entry_id']}/undo", headers=headers)
    assert (undone.status_code, await cut.price_minor()) == (200, BOOT_MINOR), undone.text


async def test_no_page_of_the_console_has_a_serious_finding(shelf: Shelf, page: Page) -> None:
    found: list[str] = []
    await page.goto(f"{CONSOLE}/sign-in")
    found += await findings_in_both(page, "sign-in")
    await held(shelf, page)
    found += await findings_in_both(page, "approval")
    await page.keyboard.press("d")
    found += await findings_in_both(page, "approval, denying")
    for path in looked_at():
        await page.goto(path)
        found += await findings_in_both(page, path)
    assert found == []
