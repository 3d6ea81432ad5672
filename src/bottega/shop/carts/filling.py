"""Filling a cart without knowing of it: the customer's open one is taken, or opened when there is none."""

from typing import Any, ClassVar

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import CustomerId, VariantId
from bottega.shop.carts.actions import AddCartLine, CreateCart, Origin, Quantity, add_cart_line, create_cart, open_cart


class FillCart(Action):
    """Puts a variant into the customer's open cart; one that is there already gets more of it."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "light")
    customer_id: CustomerId
    variant_id: VariantId
    quantity: Quantity = 1
    origin: Origin = ""


async def _facts(action: FillCart, work: Work) -> Facts:
    cart = await work.connection.fetchrow(_OPEN_CART, action.customer_id, work.now)
    if cart is not None:
        work.loaded["cart"] = cart
    return {"own": action.customer_id == work.actor.customer_id}


@handles(FillCart, facts=_facts)
async def fill_cart(action: FillCart, work: Work) -> dict[str, Any]:
    if "cart" not in work.loaded:
        new = CreateCart(customer_id=action.customer_id, channel="chat", origin=action.origin)
        made = await create_cart(new, work)
        work.loaded["cart"] = await work.connection.fetchrow("SELECT * FROM shop.carts WHERE id = $1", made["cart_id"])
    cart_id: str = open_cart(work)["id"]
    line = AddCartLine(cart_id=cart_id, variant_id=action.variant_id, quantity=action.quantity)
    return await add_cart_line(line, work)


_OPEN_CART = """
SELECT * FROM shop.carts WHERE customer_id = $1 AND state = 'open' AND expires_at > $2
ORDER BY id DESC LIMIT 1 FOR UPDATE"""
