"""Reads of carts."""

from datetime import datetime
from typing import Any

import orjson

from bottega.actions.actor import Actor
from bottega.platform.database.pool import Connection
from bottega.shop.carts.errors import no_such_cart
from bottega.shop.carts.model import Cart

_CART = """
SELECT c.id, c.customer_id, c.state, c.currency, vault.reveal(c.email_ref) AS email,
       vault.reveal(c.shipping_address_ref) AS shipping_address, c.country, c.shipping_method_id, c.coupon_code,
       c.channel, c.version, c.created_at, c.updated_at, c.expires_at,
       coalesce((SELECT jsonb_agg(to_jsonb(line) ORDER BY line.id) FROM (
           SELECT l.id, l.variant_id, v.product_id, v.sku, p.title, v.option_values, l.quantity,
                  shop.effective_amount(r, $3) AS unit_price_minor,
                  greatest(0, coalesce((SELECT sum(s.on_hand + s.backorder_limit - s.reserved)
                      FROM shop.stock_levels s WHERE s.variant_id = l.variant_id), 0)) AS available
           FROM shop.cart_lines l
           JOIN shop.variants v ON v.id = l.variant_id
           JOIN shop.products p ON p.id = v.product_id
           LEFT JOIN shop.prices r ON r.variant_id = l.variant_id AND r.currency = c.currency
           WHERE l.cart_id = c.id) AS line), '[]'::jsonb) AS lines
FROM shop.carts c
WHERE c.id = $1 AND ($2::text IS NULL OR c.customer_id = $2)"""


async def get_cart(connection: Connection, actor: Actor, cart_id: str, now: datetime) -> Cart:
    """The cart with its lines; customers see their own only. Raises `no_such_cart`."""
    owner = None if actor.kind in ("staff", "system") else actor.customer_id or ""
    row = await connection.fetchrow(_CART, cart_id, owner, now)
    if row is None:
        raise no_such_cart(cart_id)
    return _cart(dict(row))


async def open_cart_of(connection: Connection, customer_id: str) -> str | None:
    """The id of the customer's newest open cart."""
    return await connection.fetchval(
        "SELECT id FROM shop.carts WHERE customer_id = $1 AND state = 'open' ORDER BY id DESC LIMIT 1", customer_id
    )


def _cart(row: dict[str, Any]) -> Cart:
    address: str | None = row["shipping_address"]
    lines = row["lines"]
    subtotal = sum((line["unit_price_minor"] or 0) * line["quantity"] for line in lines)
    shown = {**row, "shipping_address": None if address is None else orjson.loads(address)}
    return Cart.model_validate({**shown, "subtotal_minor": subtotal})
