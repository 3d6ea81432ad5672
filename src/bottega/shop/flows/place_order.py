"""Placing an order: cart, promotions, tax, shipping and stock become one order in one transaction."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict, Invalid
from bottega.kernel.identifiers import CartId
from bottega.platform.database.pool import Row
from bottega.shop import shop_settings
from bottega.shop.carts.actions import cart_facts, open_cart
from bottega.shop.flows.checkout_lines import Destination, Reckoning, lines_of_cart, reckon
from bottega.shop.flows.sold_lines import sold_lines
from bottega.shop.orders.actions import insert_order
from bottega.shop.orders.model import NewLine, NewOrder
from bottega.shop.promotions.actions import use
from bottega.shop.shop_settings import ShopSettings
from bottega.shop.stock.actions import reserve


class PlaceOrder(Action):
    """Turns an open cart into an order; `expected_total_minor` refuses a total the shopper has not seen."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "orders")
    cart_id: CartId
    expected_total_minor: Annotated[int, Field(ge=0)] | None = None


async def place_order_facts(action: PlaceOrder, work: Work) -> Facts:
    """Ownership, and what the order would come to, which an agent's spending limit is held against."""
    facts = await cart_facts(action, work)
    cart = open_cart(work)
    settings = await shop_settings.current(work.connection)
    _check_complete(cart)
    lines = await lines_of_cart(work.connection, cart["id"], cart["currency"], work.now)
    if not lines:
        raise Conflict("cart_empty", "The cart is empty.", next_step="Add something first.")
    to = Destination(
        cart["customer_id"], cart["country"], cart["currency"], cart["shipping_method_id"], cart["coupon_code"]
    )
    reckoning = await reckon(work.connection, lines, to, settings, work.now, coupon_must_hold=True)
    work.loaded["reckoning"] = reckoning
    return {
        **facts,
        "currency": cart["currency"],
        "total_minor": reckoning.total_minor,
        "spend_limit_minor": settings.agent_spend_limit_minor,
        "agents_stopped": settings.agents_stopped,
    }


def order_at_stake(_: PlaceOrder, facts: Facts) -> tuple[int, str]:
    """The order's total."""
    return int(str(facts["total_minor"])), str(facts["currency"])


@handles(PlaceOrder, facts=place_order_facts, at_stake=order_at_stake)
async def place_order(action: PlaceOrder, work: Work) -> dict[str, Any]:
    """Check the total, promise the stock, write the order, close the cart."""
    cart, reckoning = open_cart(work), work.loaded["reckoning"]
    settings = await shop_settings.current(work.connection)
    _check_total(action, reckoning, settings)
    order_id = work.new_id("ord")
    lines = sold_lines(work, reckoning.lines, reckoning.taxes, reckoning.rates)
    due_at = work.now + timedelta(minutes=settings.reservation_minutes)
    for taken in reckoning.promotions:
        await use(work, taken.promotion_id, order_id, cart["customer_id"], taken.discount_minor)
    await reserve(
        work,
        order_id,
        [(line.id, line.variant_id, line.quantity) for line in lines],
        due_at,
        first_location_id=reckoning.collected_at,
    )
    order = _order(cart, reckoning, order_id, lines, due_at)
    number = await insert_order(work, order)
    work.resolve("prices", {line.variant_id: line.unit_price_minor for line in reckoning.lines})
    work.resolve("tax_rates", {line.tax_class: str(line.tax_rate) for line in lines})
    work.resolve("shipping_minor", reckoning.shipping_shown_minor)
    return {
        "order_id": order_id,
        "number": number,
        "total_minor": reckoning.total_minor,
        "currency": cart["currency"],
        "payment_due_at": due_at.isoformat(),
    }


def _check_complete(cart: Row) -> None:
    missing = [
        name
        for name, column in (("contact and address", "email_ref"), ("shipping method", "shipping_method_id"))
        if cart[column] is None
    ]
    if missing:
        raise Invalid(
            "cart_incomplete",
            f"The cart lacks its {' and '.join(missing)}.",
            next_step="Set them and order again.",
            missing=missing,
        )


def _check_total(action: PlaceOrder, reckoning: Reckoning, settings: ShopSettings) -> None:
    if action.expected_total_minor is not None and action.expected_total_minor != reckoning.total_minor:
        raise Conflict(
            "total_changed",
            f"The total is {reckoning.total_minor} now, not {action.expected_total_minor}.",
            next_step="Show the new total and ask again.",
            total_minor=reckoning.total_minor,
        )
    if reckoning.total_minor > settings.maximum_order_minor:
        raise Conflict(
            "order_too_large",
            f"An order comes to {settings.maximum_order_minor} at most.",
            next_step="Order in parts or ask the shop.",
            maximum_minor=settings.maximum_order_minor,
        )


def _order(cart: Row, reckoning: Reckoning, order_id: str, lines: list[NewLine], due_at: Any) -> NewOrder:
    return NewOrder(
        id=order_id,
        customer_id=cart["customer_id"],
        cart_id=cart["id"],
        channel=cart["channel"],
        origin=cart["origin"],
        currency=cart["currency"],
        email_ref=cart["email_ref"],
        shipping_address_ref=cart["shipping_address_ref"],
        billing_address_ref=cart["billing_address_ref"],
        country=cart["country"],
        shipping_method_id=cart["shipping_method_id"],
        coupon_code=cart["coupon_code"],
        net_minor=reckoning.net_minor,
        discount_minor=reckoning.discount_minor,
        shipping_minor=reckoning.shipping_minor,
        tax_minor=reckoning.tax_minor,
        total_minor=reckoning.total_minor,
        payment_due_at=due_at,
        lines=lines,
    )
