"""Colleagues in a real browser: a conversation taken over, a change undone, a dead letter recovered."""

from playwright.async_api import FilePayload, Page, expect

from bottega.kernel.identifiers import new_id
from bottega.shop.catalogue.actions import ChangeProduct
from tests.platform.pictures.test_reading import drawn, exif
from tests.web.browser.checker import findings_in_both
from tests.web.browser.test_console import come_to_work
from tests.web.console.colleagues import CONSOLE, colleague
from tests.web.console.conversations.test_pages import held_by, say, talk
from tests.web.console.work.test_pages import dead_job, state_of_job
from tests.web.shelf import Shelf


async def test_a_conversation_is_taken_over_answered_and_given_back(shelf: Shelf, page: Page) -> None:
    session, headers = await talk(shelf, "I want to talk to a person")
    person = await colleague(shelf, "support", "Marta Keller")
    await come_to_work(page.context, person)
    await page.goto(f"{CONSOLE}/conversations/{session}")
    await page.get_by_role("button", name="Take over").click()
    await expect(page.locator("#flashes")).to_contain_text("You have this conversation now")
    assert await held_by(shelf, session) == person.id
    await say(shelf, session, headers, "Is my tent on its way?")
    # The open page asks again by itself.
    await expect(page.locator("#transcript")).to_contain_text("Is my tent on its way?")
    await page.get_by_label("Your answer").fill("It left this morning.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#transcript")).to_contain_text("It left this morning.")
    await page.get_by_role("button", name="Give back to the assistant").click()
    await expect(page.locator("#flashes")).to_contain_text("The assistant answers again.")
    assert await held_by(shelf, session) is None
    transcript = await shelf.shop.client.get(f"/api/chat/{session}/messages", headers=headers)
    assert "It left this morning." in transcript.text


async def test_a_change_is_undone_after_a_yes(shelf: Shelf, page: Page) -> None:
    await come_to_work(page.context, await colleague(shelf, "owner"))
    product = await shelf.shop.fetchval("SELECT id FROM shop.products WHERE handle = 'walking-map'")
    title = f"Walking Map {new_id('req')}"
    await shelf.shop.done(ChangeProduct(product_id=product, title=title))
    await page.goto(f"{CONSOLE}/log?action=ChangeProduct&object={product}")
    await page.locator(".work-main a").first.click()
    await expect(page.locator(".diff-after").first).to_contain_text(title)
    await page.get_by_role("button", name="Undo", exact=True).click()
    await page.get_by_role("button", name="Not now").click()
    assert await shelf.shop.fetchval("SELECT title FROM shop.products WHERE id = $1", product) == title
    await page.get_by_role("button", name="Undo", exact=True).click()
    await page.get_by_role("button", name="Undo it").click()
    await expect(page.locator("#flashes")).to_contain_text("Undone")
    assert await shelf.shop.fetchval("SELECT title FROM shop.products WHERE id = $1", product) == "Walking Map"


async def test_a_dead_letter_is_chosen_and_tried_again(shelf: Shelf, page: Page) -> None:
    await come_to_work(page.context, await colleague(shelf, "owner"))
    chosen, other = await dead_job(shelf), await dead_job(shelf)
    await page.goto(f"{CONSOLE}/jobs/list")
    await expect(page.locator("#bulk")).to_be_hidden()
    await page.get_by_label(f"Choose test.nothing, {chosen}").check()
    await expect(page.locator("#bulk")).to_contain_text("1 chosen")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("#flashes")).to_contain_text("1 job put back.")
    assert (await state_of_job(shelf, chosen), await state_of_job(shelf, other)) == ("waiting", "dead")
    await page.get_by_role("row", name=other).get_by_role("checkbox").check()
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Discard").click()
    await expect(page.locator("#flashes")).to_contain_text("1 job discarded.")
    assert await state_of_job(shelf, other) == "cancelled"


async def test_a_picture_from_a_file_is_shown_to_shoppers(shelf: Shelf, page: Page) -> None:
    await come_to_work(page.context, await colleague(shelf, "manager"))
    product = await shelf.shop.fetchval("SELECT id FROM shop.products WHERE handle = 'walking-map'")
    await page.goto(f"{CONSOLE}/products/{product}")
    photograph = FilePayload(name="map.jpg", mimeType="image/jpeg", buffer=drawn("JPEG", (60, 40), exif=exif(6)))
    await page.get_by_label("A picture from a file").set_input_files(photograph)
    await page.locator("#upload-alt").fill("The whole valley")
    await page.get_by_role("button", name="Add this picture").click()
    await expect(page.locator("#flashes")).to_contain_text("The picture is added.")
    await page.goto("/p/walking-map")
    shown = page.locator("main img[src^='/pictures/kept/']").first
    # On its side in the file, upright to whoever looks.
    assert await shown.evaluate(
        "async (image) => { await image.decode(); return [image.naturalWidth, image.naturalHeight]; }"
    ) == [40, 60]
    await page.goto(f"{CONSOLE}/products/{product}")
    await page.get_by_role("button", name="Remove").click()
    await page.get_by_role("button", name="Take it away").click()
    await expect(page.locator("#flashes")).to_contain_text("The picture is taken away.")
    assert await shelf.shop.fetchval("SELECT count(*) FROM shop.media WHERE product_id = $1", product) == 0


async def test_the_plot_is_drawn_and_its_figures_open(shelf: Shelf, page: Page) -> None:
    await come_to_work(page.context, await colleague(shelf, "analyst"))
    await page.goto(CONSOLE)
    await expect(page.locator(".u-wrap canvas")).to_be_visible()
    await expect(page.locator("[data-plot-figures] table")).to_be_hidden()
    await page.get_by_text("The figures as a table").click()
    await expect(page.locator("[data-plot-figures] tbody tr")).to_have_count(30)
    assert await findings_in_both(page, "figures open", frame=False) == []
