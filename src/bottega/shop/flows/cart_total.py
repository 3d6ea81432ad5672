"""What ordering a cart would cost now, for the shopper to see before deciding."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from bottega.actions.actor import Actor
from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.carts.queries import get_cart
from bottega.shop.flows.checkout_lines import Destination, lines_of_cart, reckon
from bottega.shop.shipping.queries import quotes_for


class CartTotal(BaseModel):
    """Amounts in minor units: net + tax + shipping − discount = total (shipping and discount without tax)."""

    model_config = ConfigDict(frozen=True)

    cart_id: str
    currency: str
    country: str
    net_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    shipping_chosen: bool
    coupon_refused: str | None
    shipping_methods: list[dict[str, Any]]


async def cart_total(connection: Connection, actor: Actor, cart_id: str, now: datetime) -> CartTotal:
    """The sum at present prices; before a country is set, the shop's own is assumed."""
    cart = await get_cart(connection, actor, cart_id, now)
    settings = await shop_settings.current(connection)
    country = cart.country or settings.country
    lines = await lines_of_cart(connection, cart_id, cart.currency, now)
    to = Destination(cart.customer_id, country, cart.currency, cart.shipping_method_id, cart.coupon_code)
    sums = await reckon(connection, lines, to, settings, now)
    weight = sum(line.weight_grams * line.quantity for line in lines)
    offers = await quotes_for(connection, country, cart.currency, weight, sum(line.amount_minor for line in lines))
    return CartTotal(
        cart_id=cart_id,
        currency=cart.currency,
        country=country,
        net_minor=sums.net_minor,
        discount_minor=sums.discount_minor,
        shipping_minor=sums.shipping_minor,
        tax_minor=sums.tax_minor,
        total_minor=sums.total_minor,
        shipping_chosen=cart.shipping_method_id is not None,
        coupon_refused=sums.coupon_refused,
        shipping_methods=[
            {
                "shipping_method_id": o.method_id,
                "name": o.name,
                "kind": o.kind,
                "amount_minor": o.amount_minor,
                "minimum_days": o.minimum_days,
                "maximum_days": o.maximum_days,
            }
            for o in offers
        ],
    )
