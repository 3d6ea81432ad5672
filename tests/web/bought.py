"""Orders that somebody has placed by the pages, sent and delivered by the shop."""

import re

from bottega.shop.flows.ship_order import EndShipment, ShipOrder
from tests.web.shelf import Shelf
from tests.web.visitor import Page, Visitor


async def bought(visitor: Visitor, handle: str = "walking-map", quantity: int = 1, **options: str) -> str:
    """The id of a paid order that is collected in the store."""
    await visitor.put_into_cart(handle, quantity, **options)
    page = await visitor.get("/checkout")
    chosen = {"shipping_method_id": visitor.shelf.collection, "email": "ada@example.com", "name": "Ada Prova"}
    address = {"line1": "Via Roma 1", "city": "Trento", "postal_code": "38122", "country": "IT"}
    shown = await visitor.submit(page, "#checkout", button="step=reckon", **chosen, **address)
    return order_of(await visitor.submit(shown, "#checkout", button="step=order"))


def order_of(page: Page) -> str:
    """The order whose page this is."""
    found = re.search(r"ord_\w{26}", page.path)
    assert found is not None, f"{page.path}: {page.flashes}"
    return found[0]


async def delivered(visitor: Visitor, handle: str, quantity: int = 1, **options: str) -> str:
    """The id of an order that has arrived."""
    order_id = await bought(visitor, handle, quantity, **options)
    shop = visitor.shelf.shop
    shipment = await shop.done(ShipOrder(order_id=order_id))
    await shop.done(EndShipment(shipment_id=shipment["shipment_id"]))
    return order_id


async def register(visitor: Visitor, email: str, password: str = "a long sentence of mine") -> Page:
    """The visitor opens an account by the page."""
    page = await visitor.get("/register")
    return await visitor.submit(page, "main form", name="Ada Marchetti", email=email, password=password)


async def settle(shelf: Shelf) -> None:
    """Everything that waits for a gateway is sent."""
    await shelf.shop.application.effects.drive_due()
