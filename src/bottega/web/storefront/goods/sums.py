"""The sums of a cart or an order as its shop shows prices: with tax inside them, or tax as a line of its own."""

from dataclasses import dataclass

from bottega.shop.carts.model import Cart
from bottega.shop.flows.cart_total import CartTotal
from bottega.shop.orders.model import Order


@dataclass(frozen=True, slots=True)
class Sums:
    """Minor units; goods − discount + shipping (+ tax, unless it is inside the others) = total."""

    currency: str
    goods_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    includes_tax: bool


def sums_of_cart(cart: Cart, total: CartTotal, *, includes_tax: bool) -> Sums:
    """What ordering would come to."""
    tax = 0 if includes_tax else total.tax_minor
    discount = cart.subtotal_minor + total.shipping_shown_minor + tax - total.total_minor
    return Sums(
        total.currency,
        cart.subtotal_minor,
        discount,
        total.shipping_shown_minor,
        total.tax_minor,
        total.total_minor,
        includes_tax,
    )


def sums_of_order(order: Order, *, includes_tax: bool) -> Sums:
    """What an order came to; its lines know net, discount and tax, and shipping has what is left."""
    if not includes_tax:
        return Sums(
            order.currency,
            order.net_minor,
            order.discount_minor,
            order.shipping_minor,
            order.tax_minor,
            order.total_minor,
            includes_tax,
        )
    goods = sum(line.net_minor + line.tax_minor - line.discount_minor for line in order.lines)
    listed = sum(line.unit_price_minor * line.quantity for line in order.lines)
    shipping = order.total_minor - goods
    return Sums(order.currency, listed, listed - goods, shipping, order.tax_minor, order.total_minor, includes_tax)
