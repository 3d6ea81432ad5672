"""Shopping in a real browser: by clicks, by words alone, and by the keyboard alone."""

import asyncio
import json
from collections.abc import Awaitable

from playwright.async_api import Page, Route, WebSocket, expect

from bottega.shop.shipping.actions import CreateMethod, CreateZone, RateRow
from tests.shop_fixtures import SUPPORT
from tests.web.bought import delivered
from tests.web.browser.hands import answer, come_as, fill_address, open_chat, order_in, say, tab_to
from tests.web.shelf import JACKET_MINOR, MAP_MINOR, SHIPPING_MINOR, Shelf
from tests.web.visitor import ADDRESS, Visitor


async def paid_order(shelf: Shelf, order_id: str) -> tuple[int, str]:
    """What the books say: its total in minor units, and whether it is paid."""
    row = (await shelf.shop.fetch("SELECT total_minor, payment_status FROM shop.orders WHERE id = $1", order_id))[0]
    return row["total_minor"], row["payment_status"]


async def test_a_guest_searches_chooses_and_buys(shelf: Shelf, page: Page) -> None:
    await page.goto("/")
    await page.fill("#q", "ridge jacket")
    await page.press("#q", "Enter")
    await page.click(".product-card-title:text('Ridge Jacket')")
    await page.check("[name='option.colour'][value=red]")
    await expect(page.locator("#choice")).to_contain_text("Only 2 left")
    await page.check("[name='option.colour'][value=blue]")
    await expect(page.locator("#choice")).to_contain_text("In stock")
    await page.click("#buy button")
    await page.click("[data-added] >> text=Checkout")
    await expect(page.locator("#sums .sums-total")).to_contain_text(f"€{(JACKET_MINOR + SHIPPING_MINOR) / 100:.2f}")
    await fill_address(page)
    await page.fill("#coupon_code", "TEN")
    await page.click(".coupon button")
    await expect(page.locator("#sums")).to_contain_text("Discount")
    await page.check(f"[value={shelf.collection}]")
    total = JACKET_MINOR * 9 // 10
    await expect(page.locator("#sums .sums-total")).to_contain_text(f"€{total / 100:.2f}")
    await page.click(".checkout-sum button[value=order]")
    await page.wait_for_url("**/thanks")
    await expect(page.locator("h1")).to_have_text("Thank you")
    assert await paid_order(shelf, order_in(page)) == (total, "paid")


async def test_somebody_buys_by_talking_alone_and_pays_on_the_page(shelf: Shelf, page: Page) -> None:
    frames: list[str] = []

    def hear(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: frames.append(json.loads(frame)["type"]))

    page.on("websocket", hear)
    await page.goto("/")
    await open_chat(page)
    assert "Ridge Jacket" in await say(page, "I am looking for a jacket")
    await expect(page.locator(".chat-card-title")).to_have_text("Ridge Jacket")
    await say(page, "put it in my cart")
    assert "Ridge Jacket (M, blue)" in await say(page, "M, blue")
    await expect(page.locator("#cart-link .cart-count")).to_have_text("1")
    await say(page, "I want to order now")
    await say(page, f"{ADDRESS['name']}, {ADDRESS['line1']}, 38122 Trento, Italy, {ADDRESS['email']}")
    await page.click(".chat-choices button:text('Courier')")
    assert "124.90" in await answer(page, 6)
    await expect(page.locator(".chat-doing")).to_be_hidden()
    await page.click(".chat-confirmation button:text('Yes, do it')")
    assert "B-1" in await answer(page, 7)
    await page.click("text=Pay now")
    await page.wait_for_url("**/pay/**")
    await expect(page.locator("[data-chat-body] [data-turn]")).to_have_count(7)
    order_id = order_in(page)
    await page.click("main form button:text('Pay')")
    await expect(page.locator("main")).to_contain_text("is paid")
    assert await paid_order(shelf, order_id) == (JACKET_MINOR + SHIPPING_MINOR, "paid")
    assert frames.count("TEXT_MESSAGE_CONTENT") >= 7


async def test_a_citation_opens_and_the_answer_says_what_gave_it(page: Page) -> None:
    await page.goto("/p/walking-map")
    await open_chat(page)
    await say(page, "How do I return something?")
    await expect(page.locator(".chat-level")).to_have_text("From our records, without a language model")
    await page.click(".chat-sources a")
    await page.wait_for_url("**/policies/returns#*")
    await expect(page.locator("section:target")).to_contain_text("Ask for it.")


async def test_a_colleague_answers_in_the_open_panel(shelf: Shelf, page: Page) -> None:
    await page.goto("/")
    await open_chat(page)
    await page.click("[data-chat-body] >> text=Talk to a person")
    await expect(page.locator('[data-turn="1"]')).to_contain_text("colleague")
    session = next(one.get("value", "") for one in await page.context.cookies() if one.get("name") == "bottega_chat")
    desk = shelf.shop.app.state.context.desk
    await desk.take(session, SUPPORT)
    await desk.write(session, SUPPORT, "Good morning, this is Marta. What can I do?", "first")
    await expect(page.locator("[data-turns]")).to_contain_text("this is Marta")
    await page.reload()
    await expect(page.locator("[data-turns]")).to_contain_text("this is Marta")
    await expect(page.locator(".chat-level").last).to_have_text("A colleague")


async def test_something_goes_back_in_a_few_clicks(shelf: Shelf, visitor: Visitor, page: Page, base: str) -> None:
    order_id = await delivered(visitor, "scree-boot", 2, size="41")
    await come_as(page.context, base, visitor)
    await page.goto(f"/orders/{order_id}")
    await page.click("text=Return or exchange")
    await page.locator("main input[type=checkbox]").first.check()
    await page.fill("main input[type=number]", "1")
    await page.click("main form button:text('Ask for it')")
    await page.wait_for_url(f"**/orders/{order_id}")
    await expect(page.locator("#flashes")).to_contain_text("is asked for")
    await page.click("text=See it")
    await expect(page.locator("h1")).to_contain_text("Return")
    rows = await shelf.shop.fetch(
        "SELECT r.state, l.quantity FROM shop.returns r JOIN shop.return_lines l ON l.return_id = r.id "
        "WHERE r.order_id = $1",
        order_id,
    )
    assert [tuple(row.values()) for row in rows] == [("requested", 1)]


async def test_the_keyboard_alone_buys(shelf: Shelf, page: Page) -> None:
    await page.goto("/p/scree-boot")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**#main")
    await tab_to(page, "[name='option.size']")
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("[name='option.size'][value='42']")).to_be_checked()
    await tab_to(page, "#buy button")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-added] a:text('Checkout')")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/checkout")
    for name in ("email", "name", "line1", "postal_code", "city"):
        await tab_to(page, f"#{name}")
        await page.keyboard.type(ADDRESS[name])
    await tab_to(page, "[name=shipping_method_id]")
    chosen = await page.evaluate("() => document.activeElement.value")
    await page.keyboard.press("ArrowDown")
    other = shelf.collection if chosen == shelf.delivery else shelf.delivery
    await expect(page.locator(f"[value={other}]")).to_be_checked()
    # Who orders before the new sum has come is asked to look at it first.
    await expect(page.locator("#sums")).to_contain_text("free" if other == shelf.collection else "€4.90")
    await tab_to(page, ".checkout-sum button[value=order]")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/thanks")
    assert (await paid_order(shelf, order_in(page)))[1] == "paid"


async def test_to_buy_before_the_price_of_a_choice_has_come_takes_what_was_chosen(page: Page) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def wait(route: Route) -> None:
        asked.set()
        await go_on.wait()
        await route.continue_()

    await page.route("**/p/ridge-jacket/choice**", wait)
    await page.goto("/p/ridge-jacket")
    await page.check("[name='option.colour'][value=red]")
    await asyncio.wait_for(asked.wait(), 5)
    await page.click("#buy button")
    await expect(page.locator("#cart-link .cart-count")).to_have_text("1")
    await expect(page.locator("[data-added]")).to_contain_text("red")
    go_on.set()
    await expect(page.locator("#choice")).to_contain_text("Only 2 left")


async def test_the_sum_is_that_of_the_last_choice_whatever_is_answered_last(shelf: Shelf, page: Page) -> None:
    """A country and two methods chosen at once: the answers to the first ones come last, or never."""
    zone = (await shelf.shop.done(CreateZone(name="France", countries=("FR",))))["zone_id"]
    rates = (RateRow(amount_minor=900),)
    await shelf.shop.done(CreateMethod(zone_id=zone, name="La Poste", currency="EUR", rates=rates))
    held: list[asyncio.Event] = []
    asked = asyncio.Event()

    async def wait(route: Route) -> None:
        go_on = asyncio.Event()
        held.append(go_on)
        asked.set()
        await go_on.wait()
        await route.continue_()

    async def choose(choice: Awaitable[object]) -> None:
        """Chooses, and waits until that is asked: what is taken back before it is sent is not held here."""
        await choice
        await asyncio.wait_for(asked.wait(), 10)
        asked.clear()

    await page.goto("/p/walking-map")
    await page.click("#buy button")
    await page.click("[data-added] >> text=Checkout")
    await page.wait_for_url("**/checkout")
    await page.route("**/checkout/sums", wait)
    await choose(page.select_option("#country", "FR"))
    for method in (shelf.collection, shelf.delivery, shelf.collection):
        await choose(page.check(f"[value={method}]"))
    assert len(held) == 4
    await expect(page.locator("#sums")).not_to_contain_text("free")
    for go_on in reversed(held):
        go_on.set()
        await page.wait_for_timeout(100)
    await expect(page.locator("#methods")).to_contain_text("La Poste")
    await expect(page.locator("#sums")).to_contain_text("€9.00")
    await page.unroute("**/checkout/sums")
    await page.select_option("#country", "IT")
    await page.check(f"[value={shelf.collection}]")
    await expect(page.locator("#sums")).to_contain_text("free")


async def test_what_is_chosen_before_the_scripts_have_come_counts(shelf: Shelf, page: Page) -> None:
    come = asyncio.Event()

    async def wait(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await page.route("**/*.js", wait)
    await page.goto("/p/ridge-jacket", wait_until="commit")
    await page.check("[name='option.colour'][value=red]")
    await expect(page.locator("#choice")).not_to_contain_text("Only 2 left")
    come.set()
    await expect(page.locator("#choice")).to_contain_text("Only 2 left")
    await page.click("#buy button")
    await page.click("[data-added] >> text=Checkout")
    await page.wait_for_url("**/checkout")
    come.clear()
    await page.goto("/checkout", wait_until="commit")
    await page.check(f"[value={shelf.collection}]")
    await expect(page.locator("#sums")).not_to_contain_text("free")
    come.set()
    await expect(page.locator("#sums")).to_contain_text("free")


async def test_the_menu_and_the_panel_close_by_escape_and_give_the_focus_back(page: Page) -> None:
    await page.goto("/")
    await tab_to(page, ".menu summary")
    await page.keyboard.press("Enter")
    await expect(page.locator(".menu-panel")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator(".menu-panel")).to_be_hidden()
    await expect(page.locator(".menu summary")).to_be_focused()
    await open_chat(page)
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-chat-open]")).to_be_focused()


async def test_a_picture_that_cannot_be_loaded_gives_way_to_its_words(page: Page) -> None:
    """As when its host answers with something else."""
    await page.route("https://pictures.example/**", lambda route: route.fulfill(status=200, body="gone"))
    await page.goto("/p/hostile")
    await expect(page.locator(".product-pictures .picture-words")).to_be_visible()


async def test_without_scripts_one_browses_and_buys(shelf: Shelf, page: Page, base: str) -> None:
    browser = page.context.browser
    assert browser is not None
    context = await browser.new_context(base_url=base, java_script_enabled=False)
    plain = await context.new_page()
    await plain.goto("/c/navigation")
    await plain.click(".product-card-title")
    await plain.click("#buy button")
    await plain.wait_for_url("**/cart")
    await plain.click("text=Checkout")
    await fill_address(plain)
    await plain.check(f"[value={shelf.collection}]")
    await plain.click("text=Update the total")
    await expect(plain.locator("#sums .sums-total")).to_contain_text(f"€{MAP_MINOR / 100:.2f}")
    await plain.click(".checkout-sum button[value=order]")
    await plain.wait_for_url("**/thanks")
    assert await paid_order(shelf, order_in(plain)) == (MAP_MINOR, "paid")
    await context.close()
