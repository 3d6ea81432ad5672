"""The visitor's cart: finding it, opening one, and how many things are in it."""

from bottega.platform.database.pool import Connection
from bottega.shop.carts.actions import CreateCart
from bottega.shop.carts.model import Cart
from bottega.shop.carts.queries import get_cart
from bottega.web.visit import Visit

_OPEN_CART = """
SELECT id FROM shop.carts WHERE customer_id = $1 AND state = 'open' AND expires_at > $2 ORDER BY id DESC LIMIT 1"""
_COUNT = f"SELECT coalesce(sum(quantity), 0)::int FROM shop.cart_lines WHERE cart_id = ({_OPEN_CART})"


async def open_cart_id(connection: Connection, visit: Visit) -> str | None:
    """The id of the visitor's newest open cart."""
    if visit.actor is None or visit.actor.customer_id is None:
        return None
    return await connection.fetchval(_OPEN_CART, visit.actor.customer_id, visit.context.clock.now())


async def cart_count(connection: Connection, visit: Visit) -> int:
    """How many things are in it."""
    if visit.actor is None or visit.actor.customer_id is None:
        return 0
    return await connection.fetchval(_COUNT, visit.actor.customer_id, visit.context.clock.now())


async def open_cart(connection: Connection, visit: Visit) -> Cart | None:
    """The whole cart, None when there is none."""
    cart_id = await open_cart_id(connection, visit)
    if cart_id is None:
        return None
    return await get_cart(connection, visit.shopper(), cart_id, visit.context.clock.now())


async def cart_to_fill(visit: Visit, key: str) -> str:
    """The id of the open cart; a new one under the form's key when there is none."""
    shopper = visit.shopper()
    async with visit.read() as connection:
        found = await open_cart_id(connection, visit)
    if found is not None:
        return found
    assert shopper.customer_id is not None, "a shopper is a customer or a guest"
    made = await visit.done(CreateCart(customer_id=shopper.customer_id, channel="storefront"), key)
    return made["cart_id"]
