"""The customer's cart as tools show it: what is in it, where it goes, what it costs, what is missing."""

from datetime import datetime
from typing import Any

from bottega.actions.actor import Actor
from bottega.kernel.errors import Conflict, Refusal
from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.carts.queries import get_cart
from bottega.shop.flows.cart_total import cart_total

_SHOWN = {
    "id",
    "currency",
    "email",
    "shipping_address",
    "country",
    "shipping_method_id",
    "coupon_code",
    "subtotal_minor",
    "lines",
}
_SUMS = ("net_minor", "discount_minor", "shipping_minor", "tax_minor", "total_minor", "coupon_refused")


async def open_cart_id(connection: Connection, customer_id: str | None, now: datetime) -> str | None:
    """The customer's open cart, if there is one."""
    return await connection.fetchval(
        "SELECT id FROM shop.carts WHERE customer_id = $1 AND state = 'open' AND expires_at > $2 "
        "ORDER BY id DESC LIMIT 1",
        customer_id or "",
        now,
    )


async def needed_cart_id(connection: Connection, customer_id: str | None, now: datetime) -> str:
    """The customer's open cart; `Conflict` when there is none."""
    cart_id = await open_cart_id(connection, customer_id, now)
    if cart_id is None:
        raise Conflict("cart_empty", "The cart is empty.", next_step="Add something first.")
    return cart_id


async def cart_shown(connection: Connection, actor: Actor, now: datetime) -> dict[str, Any]:
    """The open cart with its sums and the shipping methods of its country; without one, an empty cart.

    What keeps it from being reckoned (something is no longer for sale, the method does not serve the country) stands
    under `problem`.
    """
    cart_id = await open_cart_id(connection, actor.customer_id, now)
    if cart_id is None:
        currency = (await shop_settings.current(connection)).currency
        return {"id": None, "lines": [], "currency": currency, "subtotal_minor": 0, "total_minor": 0, "missing": []}
    cart = await get_cart(connection, actor, cart_id, now)
    shown = cart.model_dump(mode="json", include=_SHOWN)
    shown["missing"] = _missing(shown)
    try:
        total = await cart_total(connection, actor, cart_id, now)
    except Refusal as refusal:
        return {**shown, "problem": str(refusal)}
    sums = {name: getattr(total, name) for name in _SUMS}
    # As prices are shown: what goods, discount and shipping are said to be adds up to the total.
    tax = 0 if (await shop_settings.current(connection)).prices_include_tax else total.tax_minor
    off = cart.subtotal_minor + total.shipping_shown_minor + tax - total.total_minor
    return {
        **shown,
        **sums,
        "discount_shown_minor": off,
        "shipping_shown_minor": total.shipping_shown_minor,
        "reckoned_for": total.country,
        "shipping_methods": total.shipping_methods,
    }


def _missing(cart: dict[str, Any]) -> list[str]:
    """What has to be known before it can be ordered."""
    needed = (
        ("lines", "lines"),
        ("email", "email"),
        ("shipping_address", "address"),
        ("shipping_method_id", "shipping"),
    )
    return [name for column, name in needed if not cart[column]]
