"""What pictures are taken of: the pages of the storefront, who looks at them, and what they did before."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

from benchmarks.picture_stage import Stage
from bottega.actions.action import Action
from bottega.demo_shop.loader import OWNER
from bottega.demo_shop.logins import CUSTOMER
from bottega.shop.flows.ship_order import EndShipment, ShipOrder

Act = Callable[[Page], Awaitable[None]]
# Brings a browser to where its scenes begin, and says which addresses are theirs: `{order}` in a scene's address.
Part = Callable[[Page, Stage], Awaitable[Mapping[str, str]]]

JACKET, POLES = "/p/fell-warden-down-jacket", "/p/ridge-runner-folding-poles"
ADDRESS = {
    "email": "vera@example.com",
    "name": "Vera Visitor",
    "line1": "Via dei Larici 3",
    "postal_code": "38122",
    "city": "Trento",
}
BOUGHT_BEFORE = "SELECT o.id FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id WHERE c.id = $1"


@dataclass(frozen=True)
class Scene:
    """One page, kept as `docs/pictures/<face>/<name>-….webp`; `act` is what its viewer does there first."""

    face: str
    name: str
    address: str
    who: str = "stranger"
    act: Act | None = None


async def stranger(_page: Page, _stage: Stage) -> Mapping[str, str]:
    """Somebody who has just come."""
    return {}


async def shopper(page: Page, stage: Stage) -> Mapping[str, str]:
    """A guest with two things in the cart."""
    for address, quantity in ((JACKET, "1"), (POLES, "2")):
        await page.goto(f"{stage.base}{address}")
        await page.fill("#quantity", quantity)
        await page.click("#buy button")
        await page.wait_for_selector("[data-added]")
    return {}


async def buyer(page: Page, stage: Stage) -> Mapping[str, str]:
    """A guest who has bought them, and whose parcel has arrived."""
    await shopper(page, stage)
    await page.goto(f"{stage.base}/checkout")
    for name, value in ADDRESS.items():
        await page.fill(f"#{name}", value)
    await page.click(".checkout-sum button[value=order]")
    await page.wait_for_url("**/thanks")
    order_id = page.url.split("/")[-2]
    shipped = await _done(stage, ShipOrder(order_id=order_id, carrier="Corriere Alpino", tracking_number="CA-4411-2"))
    await _done(stage, EndShipment(shipment_id=shipped["shipment_id"]))
    return {"order": f"/orders/{order_id}"}


async def payer(page: Page, stage: Stage) -> Mapping[str, str]:
    """A guest whose card was declined: the order waits for another try."""
    await shopper(page, stage)
    await page.goto(f"{stage.base}/checkout")
    for name, value in ADDRESS.items():
        await page.fill(f"#{name}", value)
    await page.check("[value='card:sandbox_card_declined']")
    await page.click(".checkout-sum button[value=order]")
    await page.wait_for_url("**/payment")
    return {"payment": page.url.removeprefix(stage.base)}


async def customer(page: Page, stage: Stage) -> Mapping[str, str]:
    """The demo shop's customer, signed in."""
    await page.goto(f"{stage.base}/sign-in")
    await page.fill("#email", CUSTOMER.email)
    await page.fill("#password", CUSTOMER.password)
    await page.click("main form button.button-wide")
    await page.wait_for_url("**/account")
    return {}


async def _done(stage: Stage, action: Action) -> dict[str, Any]:
    return (await stage.application.performer.perform(action, by=OWNER)).unwrap()


async def _open_chat(page: Page) -> None:
    await page.click("[data-chat-open]")
    await page.wait_for_selector("[data-chat-body] textarea")


async def _talk(page: Page) -> None:
    await _open_chat(page)
    for turn, text in enumerate(("Do you have a warm jacket under 150 euro?", "How do I return something?"), start=1):
        await page.fill("[data-chat-body] textarea", text)
        await page.keyboard.press("Enter")
        await page.wait_for_selector(f'[data-turn="{turn}"][data-state="answered"]')


async def _open_menu(page: Page) -> None:
    await page.click(".menu summary")


async def _narrow_down(page: Page) -> None:
    panel = page.locator(".narrowing > summary")
    if await panel.is_visible():
        await panel.click()


async def _order_nothing(page: Page) -> None:
    await page.click(".checkout-sum button[value=order]")
    await page.wait_for_selector(".problem")


async def _tick_first(page: Page) -> None:
    await page.locator("main input[type=checkbox]").first.check()


SHOPPERS: dict[str, Part] = {part.__name__: part for part in (stranger, shopper, buyer, payer, customer)}


def storefront() -> list[Scene]:
    """Every page of the storefront."""
    scenes = [
        ("home", "/", "stranger", None),
        ("menu", "/", "stranger", _open_menu),
        ("category", "/c/clothing/jackets", "stranger", None),
        ("category-narrowed", "/c/clothing?on_sale=1&in_stock=1", "stranger", _narrow_down),
        ("search", "/search?q=waterproof+boots+in+43+under+200+euro%2C+not+leather", "stranger", None),
        ("search-nothing", "/search?q=xylophone", "stranger", None),
        ("product", JACKET, "stranger", None),
        ("product-reviews", f"{JACKET}/reviews", "stranger", None),
        ("chat", JACKET, "stranger", _talk),
        ("chat-page", "/chat", "stranger", None),
        ("cart", "/cart", "shopper", None),
        ("cart-empty", "/cart", "stranger", None),
        ("checkout", "/checkout", "shopper", None),
        ("checkout-problems", "/checkout", "shopper", _order_nothing),
        ("confirmation", "{order}/thanks", "buyer", None),
        ("order", "{order}", "buyer", None),
        ("order-return", "{order}/return", "buyer", _tick_first),
        ("payment", "{payment}", "payer", None),
        ("sign-in", "/sign-in", "stranger", None),
        ("register", "/register", "stranger", None),
        ("password-reset", "/password-reset", "stranger", None),
        ("account", "/account", "customer", None),
        ("account-orders", "/account/orders", "customer", None),
        ("account-addresses", "/account/addresses", "customer", None),
        ("account-details", "/account/details", "customer", None),
        ("account-privacy", "/account/privacy", "customer", None),
        ("order-status", "/order-status", "stranger", None),
        ("policies", "/policies", "stranger", None),
        ("policy", "/policies/returns", "stranger", None),
        ("not-found", "/nothing-here", "stranger", None),
    ]
    return [Scene("storefront", *scene) for scene in scenes]
