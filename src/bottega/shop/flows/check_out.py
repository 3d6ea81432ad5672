"""Ordering and paying in one step, so that one yes covers what is bought, what it costs and what pays for it."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import CartId, InstrumentId
from bottega.shop.flows.pay_order import PayOrder, pay_order, pay_order_facts
from bottega.shop.flows.place_order import PlaceOrder, place_order, place_order_facts
from bottega.shop.payments.gift_cards import Digest

PaidWith = Literal["payment_page", "stored", "gift_card", "bank_transfer"]


class CheckOut(Action):
    """Orders what is in a cart and pays for it; a card is taken on the payment page, after the order was placed."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "orders", "payments", "money")
    cart_id: CartId
    expected_total_minor: Annotated[int, Field(ge=0)]
    method: PaidWith
    instrument_id: InstrumentId | None = None
    gift_card_code_digest: Digest | None = None

    @model_validator(mode="after")
    def _has_its_instrument(self) -> "CheckOut":
        if self.method == "stored" and self.instrument_id is None:
            raise ValueError("stored needs instrument_id")
        if self.method == "gift_card" and not (self.gift_card_code_digest or self.instrument_id):
            raise ValueError("gift_card needs its code or instrument_id")
        return self


async def check_out_facts(action: CheckOut, work: Work) -> Facts:
    """Those of the order to be placed; what is paid is its total."""
    facts = await place_order_facts(_order_of(action), work)
    return {**facts, "amount_minor": facts["total_minor"]}


def check_out_at_stake(_: CheckOut, facts: Facts) -> tuple[int, str]:
    """The order's total."""
    return int(str(facts["total_minor"])), str(facts["currency"])


@handles(CheckOut, facts=check_out_facts, at_stake=check_out_at_stake)
async def check_out(action: CheckOut, work: Work) -> dict[str, Any]:
    """Place the order, then pay it, in one transaction: what cannot be paid so is not ordered.

    A gift card pays as much as it holds; `left_minor` is what remains to be paid.
    """
    placed = await place_order(_order_of(action), work)
    total = placed["total_minor"]
    if action.method == "payment_page" or total == 0:
        return {**placed, "payment_id": None, "left_minor": total}
    payment = PayOrder(
        order_id=placed["order_id"],
        method=action.method,
        instrument_id=action.instrument_id,
        gift_card_code_digest=action.gift_card_code_digest,
    )
    await pay_order_facts(payment, work)
    paid = await pay_order(payment, work)
    left = await work.connection.fetchval(_LEFT, placed["order_id"])
    return {**placed, "payment_id": paid["payment_id"], "left_minor": left}


def _order_of(action: CheckOut) -> PlaceOrder:
    return PlaceOrder(cart_id=action.cart_id, expected_total_minor=action.expected_total_minor)


_LEFT = """
SELECT o.total_minor - coalesce(sum(p.amount_minor), 0)::bigint
FROM shop.orders o LEFT JOIN shop.payments p ON p.order_id = o.id
WHERE o.id = $1 GROUP BY o.total_minor"""
