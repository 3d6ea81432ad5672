"""What ordering a cart would cost now, for the shopper to see before deciding."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from bottega.actions.actor import Actor
from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.carts.queries import get_cart
from bottega.shop.flows.checkout_lines import Destination, lines_of_cart, reckon
from bottega.shop.shipping.queries import quotes_for


@dataclass(frozen=True, slots=True)
class Instead:
    """What a shopper is about to choose, reckoned with before it is written into the cart.

    Without a method, or with one that does not serve the country, the cheapest that delivers is
    reckoned with; collecting is the default only where nothing else is offered.
    """

    country: str | None
    shipping_method_id: str | None
    coupon_code: str | None


class CartTotal(BaseModel):
    """Amounts in minor units: net + tax + shipping − discount = total (shipping and discount without tax).

    `shipping_shown_minor` is shipping as prices are shown in this shop: with tax where they include it.
    """

    model_config = ConfigDict(frozen=True)

    cart_id: str
    currency: str
    country: str
    net_minor: int
    discount_minor: int
    shipping_minor: int
    shipping_shown_minor: int
    tax_minor: int
    total_minor: int
    shipping_chosen: bool
    shipping_method_id: str | None
    coupon_refused: str | None
    shipping_methods: list[dict[str, Any]]


async def cart_total(
    connection: Connection, actor: Actor, cart_id: str, now: datetime, *, instead: Instead | None = None
) -> CartTotal:
    """The sum at present prices; before a country is set, the shop's own is assumed."""
    cart = await get_cart(connection, actor, cart_id, now)
    settings = await shop_settings.current(connection)
    wish = instead or Instead(cart.country, cart.shipping_method_id, cart.coupon_code)
    country = wish.country or settings.country
    lines = await lines_of_cart(connection, cart_id, cart.currency, now)
    weight = sum(line.weight_grams * line.quantity for line in lines)
    offers = await quotes_for(connection, country, cart.currency, weight, sum(line.amount_minor for line in lines))
    method_id = wish.shipping_method_id
    if instead is not None and method_id not in {offer.method_id for offer in offers}:
        delivering = [offer for offer in offers if offer.kind == "delivery"]
        method_id = next((offer.method_id for offer in delivering or offers), None)
    to = Destination(cart.customer_id, country, cart.currency, method_id, wish.coupon_code)
    sums = await reckon(connection, lines, to, settings, now)
    return CartTotal(
        cart_id=cart_id,
        currency=cart.currency,
        country=country,
        net_minor=sums.net_minor,
        discount_minor=sums.discount_minor,
        shipping_minor=sums.shipping_minor,
        shipping_shown_minor=sums.shipping_shown_minor,
        tax_minor=sums.tax_minor,
        total_minor=sums.total_minor,
        shipping_chosen=method_id is not None,
        shipping_method_id=method_id,
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
