"""Somebody with an account, an order in every state that has a page, a return and a conversation; all of it hostile."""

import re
from dataclasses import dataclass

from bottega.web.site import FACES
from tests.shop_fixtures import SUPPORT
from tests.web.bought import bought, delivered, order_of
from tests.web.shelf import HOSTILE, Shelf
from tests.web.visitor import Visitor

PASSWORD = "a long sentence of mine"
SHOPPERS = "storefront"


@dataclass(frozen=True)
class Resident:
    """The visitor, signed in, and an address for every page of the storefront that is looked at."""

    visitor: Visitor
    addresses: dict[str, str]


async def settle(shelf: Shelf, email: str = "resident@example.com") -> Resident:
    """Registers, buys, sends back and talks, by the pages."""
    visitor = Visitor(shelf)
    page = await visitor.get("/register")
    await visitor.submit(page, "main form", name=HOSTILE, email=email, password=PASSWORD)
    home = {"name": HOSTILE, "line1": HOSTILE, "city": HOSTILE, "postal_code": "38122", "region": HOSTILE}
    page = await visitor.get("/account/addresses")
    await visitor.submit(page, "#address", **home, country="IT", is_default="1")
    arrived = await delivered(visitor, "walking-map", 2)
    page = await visitor.get(f"/orders/{arrived}/return")
    line = await shelf.shop.fetchval("SELECT id FROM shop.order_lines WHERE order_id = $1", arrived)
    asked = await visitor.submit(page, "main form", reason="wrong size", **{f"quantity.{line}": "1"})
    assert "is asked for" in asked.flashes
    packed = await bought(visitor, "scree-boot", size="41")
    await visitor.put_into_cart("walking-map")
    declined = await visitor.order(
        shipping_method_id=shelf.collection, pay="card:sandbox_card_declined", name=HOSTILE, line1=HOSTILE, city=HOSTILE
    )
    unpaid = order_of(declined)
    await visitor.put_into_cart("walking-map")
    asked = await visitor.order(shipping_method_id=shelf.collection, pay="card:sandbox_card_3d_secure")
    await visitor.put_into_cart("hostile")
    await _talk(shelf, visitor)
    application = shelf.shop.application
    token = application.pages.token(unpaid, application.clock.now())
    payment = await shelf.shop.fetchval("SELECT id FROM shop.payments WHERE order_id = $1", unpaid)
    examples = {
        "/c/{path:path}": "/c/clothing",
        "/collections/{handle}": "/collections/staff-picks",
        "/search": "/search?q=ridge+jacket",
        "/p/{handle}": "/p/hostile",
        "/p/{handle}/choice": "/p/ridge-jacket/choice",
        "/p/{handle}/reviews": "/p/ridge-jacket/reviews",
        "/policies/{name}": "/policies/returns",
        "/orders/{order_id}": f"/orders/{unpaid}",
        "/orders/{order_id}/thanks": f"/orders/{packed}/thanks",
        "/orders/{order_id}/cancellation": f"/orders/{packed}/cancellation",
        "/orders/{order_id}/return": f"/orders/{arrived}/return",
        "/orders/{order_id}/payment": f"/orders/{unpaid}/payment",
        "/orders/{order_id}/payments/{payment_id}": f"/orders/{unpaid}/payments/{payment}",
        "/returns/{return_id}": f"/returns/{await _return_of(shelf, arrived)}",
        "/pay/{token}": f"/pay/{token}",
        "/pay/{token}/payments/{payment_id}": f"/pay/{token}/payments/{payment}",
        "/sandbox/challenges/{reference}": str(asked.response.url.raw_path, "ascii"),
        "/chat/turns/{number}": "/chat/turns/1",
        "/pictures/{version}/{name}": "/pictures/0123456789/tent.red.0.svg",
    }
    return Resident(visitor, {path: examples.get(path, path) for path in looked_at()})


def looked_at() -> list[str]:
    """The path of every page of the storefront that is asked for with GET, as the face gives it."""
    return [page.path for face in FACES if face.name == SHOPPERS for page in face.pages if page.method == "GET"]


async def _return_of(shelf: Shelf, order_id: str) -> str:
    return await shelf.shop.fetchval("SELECT id FROM shop.returns WHERE order_id = $1", order_id)


async def _talk(shelf: Shelf, visitor: Visitor) -> None:
    """A hostile message, and a colleague's answer that quotes it."""
    page = await visitor.get("/chat")
    await visitor.submit(page, ".chat-form", text=HOSTILE)
    session = visitor.cookie("bottega_chat")
    assert session is not None
    assert re.fullmatch(r"ses_\w{26}", session)
    desk = shelf.shop.app.state.context.desk
    await desk.take(session, SUPPORT)
    await desk.write(session, SUPPORT, HOSTILE, "answer-1")
    await desk.give_back(session, SUPPORT)
