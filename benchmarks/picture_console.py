"""What pictures are taken of in the console: every page without parameters, and one of each that has some."""

from collections.abc import Mapping

from playwright.async_api import Page

from benchmarks.picture_scenes import JACKET, Scene
from benchmarks.picture_stage import Stage
from bottega.actions.actor import Actor
from bottega.actions.outcome import Held
from bottega.demo_shop.logins import login_of
from bottega.shop.prices.actions import ChangePrice
from bottega.web import console

PRICING = Actor("agent", "agent_pricing", "pricing")
# Data of plots, files and parts of pages are no pages; what is signed in does not see the sign-in.
NO_PAGES = (".json", ".csv", "/sign-in", "/log/export", "/conversations/list")
_VARIANT = """
SELECT v.id, v.product_id, r.amount_minor FROM shop.variants v JOIN shop.products p ON p.id = v.product_id
JOIN shop.prices r ON r.variant_id = v.id AND r.currency = 'EUR'
WHERE p.handle = $1 ORDER BY v.position, v.id LIMIT 1"""


# The newest order of which something came back, and what belongs to it: an order, a return, a customer.
_RETURNED = "SELECT id, order_id, customer_id FROM shop.returns ORDER BY id DESC LIMIT 1"
_PROMOTION = "SELECT id FROM shop.promotions WHERE code IS NOT NULL ORDER BY used_total DESC, id LIMIT 1"


async def _examples(stage: Stage) -> dict[str, str]:
    """One of each thing that has a page of its own."""
    prefix = console.FACE.prefix
    async with stage.application.database.read() as connection:
        variant = await connection.fetchrow(_VARIANT, JACKET.removeprefix("/p/"))
        returned = await connection.fetchrow(_RETURNED)
        promotion = await connection.fetchval(_PROMOTION)
    assert variant is not None
    assert returned is not None
    return {
        "order": f"{prefix}/orders/{returned['order_id']}",
        "return": f"{prefix}/returns/{returned['id']}",
        "customer": f"{prefix}/customers/{returned['customer_id']}",
        "product": f"{prefix}/products/{variant['product_id']}",
        "stocked": f"{prefix}/stock/{variant['id']}",
        "promotion": f"{prefix}/promotions/{promotion}",
    }


async def owner(page: Page, stage: Stage) -> Mapping[str, str]:
    """The demo shop's owner, signed in, with a price cut that an agent asked for and policy held."""
    prefix, login = console.FACE.prefix, login_of("owner")
    await page.goto(f"{stage.base}{prefix}/sign-in")
    await page.fill("#email", login.email)
    await page.fill("#password", login.password)
    await page.click("#sign-in button.button-wide")
    await page.wait_for_url(lambda address: not address.endswith("/sign-in"))
    application = stage.application
    async with application.database.read() as connection:
        variant = await connection.fetchrow(_VARIANT, JACKET.removeprefix("/p/"))
    assert variant is not None
    cut = ChangePrice(variant_id=variant["id"], currency="EUR", amount_minor=variant["amount_minor"] // 2)
    outcome = await application.performer.perform(cut, by=PRICING, key="pictures:cut")
    assert isinstance(outcome, Held), "half the price waits for a person"
    return {"approval": f"{prefix}/approvals/{outcome.approval_id}", **await _examples(stage)}


def scenes() -> list[Scene]:
    """The sign-in, each page by its path, and one approval."""
    prefix = console.FACE.prefix
    listed = [page.path for page in console.FACE.pages if page.method == "GET" and "{" not in page.path]
    paths = [path for path in listed if not path.endswith(NO_PAGES) and "/sign-in" not in path]
    entrances = [path for path in paths if path.startswith("/password-reset")]
    return [
        Scene("console", "sign-in", f"{prefix}/sign-in"),
        *(
            Scene("console", path.strip("/").replace("/", "-") or "today", f"{prefix}{path}", "owner")
            for path in paths
            if path not in entrances
        ),
        Scene("console", "approval", "{approval}", "owner"),
        *(
            Scene("console", name, f"{{{name}}}", "owner")
            for name in ("order", "return", "customer", "product", "stocked", "promotion")
        ),
    ]
