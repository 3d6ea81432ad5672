"""Colleagues in a real browser: deciding with the keyboard alone, and axe-core on every page of the console."""

from playwright.async_api import BrowserContext, Page, expect

from bottega.actions.undo import UndoEntry
from bottega.web import console
from tests.web.browser.checker import findings_in_both
from tests.web.browser.hands import open_chat, say
from tests.web.console.approvals.held import HeldCut, held_cut
from tests.web.console.colleagues import CONSOLE, Colleague, colleague
from tests.web.console.reached import WAYS_IN
from tests.web.console.work.test_pages import dead_job, state_of_job
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
    await shelf.shop.done(UndoEntry(entry_id=row["entry_id"]))


async def test_what_was_approved_is_undone_from_its_entry(shelf: Shelf, page: Page) -> None:
    cut = await held(shelf, page)
    await page.click("#approval-title >> xpath=ancestor::article >> text=Approve")
    await page.click("#approve button:text('Approve it')")
    await expect(page.locator("#flashes")).to_contain_text("Approved and done.")
    assert await cut.price_minor() == BOOT_MINOR // 2
    await page.goto(f"{CONSOLE}/approvals/{cut.approval_id}")
    await page.click("text=What it did, in the log")
    await expect(page.locator("h1")).to_have_text("Change price")
    await page.click("button:text-is('Undo')")
    await page.click("#undo button:text('Undo it')")
    await expect(page.locator("#flashes")).to_contain_text("Undone: the rows are as they were before.")
    assert await cut.price_minor() == BOOT_MINOR


async def test_a_colleague_takes_a_conversation_over_and_gives_it_back(shelf: Shelf, page: Page, base: str) -> None:
    await page.goto("/")
    await open_chat(page)
    await say(page, "hello")
    session = next(one.get("value", "") for one in await page.context.cookies() if one.get("name") == "bottega_chat")
    browser = page.context.browser
    assert browser is not None
    desk = await browser.new_context(base_url=base, reduced_motion="reduce")
    await come_to_work(desk, await colleague(shelf, "support", name="Marta Keller"))
    there = await desk.new_page()
    await there.goto(f"{CONSOLE}/conversations")
    await there.click(f"a[href='{CONSOLE}/conversations/{session}']")
    await there.click("button:text('Take over')")
    await there.fill("#say-text", "This is Marta. I have looked at it myself.")
    await there.click("#say button:text('Send')")
    await expect(page.locator("[data-turns]")).to_contain_text("This is Marta.")
    await page.fill("[data-chat-body] textarea", "thank you, and is the walking map in stock?")
    await page.keyboard.press("Enter")
    await expect(there.locator("#transcript")).to_contain_text("is the walking map in stock?")
    await there.click("button:text('Give back to the assistant')")
    await expect(there.locator("button:text('Take over')")).to_be_visible()
    await desk.close()
    said = await page.locator("[data-chat-body] [data-turn]").count()
    await page.fill("[data-chat-body] textarea", "How do I return something?")
    await page.keyboard.press("Enter")
    await expect(page.locator(f'[data-chat-body] [data-turn="{said + 1}"] .chat-sources')).to_be_visible()


async def test_a_dead_letter_is_recovered(shelf: Shelf, page: Page) -> None:
    await come_to_work(page.context, await colleague(shelf, "owner"))
    recovered, other = await dead_job(shelf), await dead_job(shelf)
    await page.goto(f"{CONSOLE}/jobs")
    await page.click("a:has-text('Dead jobs')")
    await page.check(f"input[name=chosen][value={recovered}]")
    await page.click("#bulk button:text('Try again')")
    await expect(page.locator("#flashes")).to_contain_text("1 job put back.")
    await expect(page.locator(f"input[value={recovered}]")).to_have_count(0)
    assert (await state_of_job(shelf, recovered), await state_of_job(shelf, other)) == ("waiting", "dead")
    for job_id in (recovered, other):
        await shelf.shop.execute("UPDATE platform.jobs SET state = 'cancelled' WHERE id = $1", job_id)


async def test_no_page_of_the_console_has_a_serious_finding(
    shelf: Shelf, page: Page, addresses: dict[str, str]
) -> None:
    found: list[str] = []
    for path in WAYS_IN:
        await page.goto(CONSOLE + path)
        found += await findings_in_both(page, path)
    await come_to_work(page.context, await colleague(shelf, "owner"))
    for number, (path, address) in enumerate(addresses.items()):
        await page.goto(address)
        assert await page.locator("h1").count() == 1, path
        found += await findings_in_both(page, path, frame=number == 0)
    assert found == []


async def test_what_is_asked_before_deciding_has_no_serious_finding(shelf: Shelf, page: Page) -> None:
    await held(shelf, page)
    await page.keyboard.press("d")
    assert await findings_in_both(page, "denying", frame=False) == []
