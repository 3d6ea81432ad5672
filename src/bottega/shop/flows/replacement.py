"""The order that replaces exchanged goods: promised when the exchange is approved, sent when the old goods are back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from bottega.actions.work import Work
from bottega.kernel.money import round_minor
from bottega.platform.database.pool import Row
from bottega.shop import shop_settings
from bottega.shop.flows.cancel_order import end_order
from bottega.shop.flows.checkout_lines import SellableLine
from bottega.shop.flows.instrument_use import charge, stored_instrument
from bottega.shop.flows.sold_lines import sold_lines
from bottega.shop.orders.actions import change_status, insert_order, lock_order
from bottega.shop.orders.model import NewLine, NewOrder
from bottega.shop.shipping.queries import collected_at
from bottega.shop.stock.actions import reserve
from bottega.shop.taxes.queries import rates_for
from bottega.shop.taxes.tax import LineAmounts, LineTax, rate_of, split, split_lines

CHANNEL = "exchange"
WAITS_FOR_GOODS = "waits for the exchanged goods"


@dataclass(frozen=True, slots=True)
class ReplacementSums:
    """What new goods cost beside what the old ones were paid with, which is their discount.

    `difference_minor` is what the customer owes when positive, and gets back when negative.
    """

    lines: Sequence[SellableLine]
    taxes: Sequence[LineTax]
    rates: Sequence[Decimal]
    difference_minor: int


async def replacement_sums(work: Work, order: Row, lines: Sequence[SellableLine], credit_minor: int) -> ReplacementSums:
    """New goods at their prices, with tax where the order goes, against what the old ones were paid with."""
    settings = await shop_settings.current(work.connection)
    rates = await rates_for(work.connection, order["country"], work.now)
    line_rates = [rate_of(rates, line.tax_class) for line in lines]
    includes_tax = settings.prices_include_tax
    amounts: list[LineAmounts] = []
    left = credit_minor
    for line, rate in zip(lines, line_rates, strict=True):
        net, tax = split(line.amount_minor, rate, includes_tax=includes_tax)
        taken = min(left, net + tax)
        left -= taken
        whole = taken == net + tax
        discount = line.amount_minor if whole else taken if includes_tax else round_minor(taken / (1 + rate))
        amounts.append(LineAmounts(line.amount_minor, discount, rate))
    taxes = split_lines(amounts, includes_tax=includes_tax)
    return ReplacementSums(lines, taxes, line_rates, sum(tax.total_minor for tax in taxes) - left)


async def promise_replacement(work: Work, order: Row, found: Row, sums: ReplacementSums) -> tuple[str, str | None]:
    """Writes the replacement order, held, with its goods promised; returns it and the payment of the difference."""
    order_id = work.new_id("ord")
    lines = sold_lines(work, sums.lines, sums.taxes, sums.rates)
    await reserve(
        work,
        order_id,
        [(line.id, line.variant_id, line.quantity) for line in lines],
        None,
        first_location_id=await collected_at(work.connection, order["shipping_method_id"]),
    )
    settings = await shop_settings.current(work.connection)
    new = _new_order(order, found, order_id, lines, work.now + timedelta(days=settings.bank_transfer_days))
    await insert_order(work, new)
    replacement = await lock_order(work, order_id)
    await work.connection.execute(
        "UPDATE shop.orders SET hold_reason = $2 WHERE id = $1", order_id, f"{WAITS_FOR_GOODS} of {found['number']}"
    )
    await change_status(work, replacement, status="held", payment_status="paid" if new.total_minor == 0 else "awaiting")
    payment_id: str | None = None
    if new.total_minor > 0 and found["instrument_id"] is not None:
        instrument = await stored_instrument(work, order["customer_id"], found["instrument_id"])
        replacement = await lock_order(work, order_id)
        payment_id, captured = await charge(work, replacement, instrument, new.total_minor)
        if captured:
            await change_status(work, await lock_order(work, order_id), payment_status="paid")
    return order_id, payment_id


def _new_order(order: Row, found: Row, order_id: str, lines: Sequence[NewLine], due_at: datetime) -> NewOrder:
    net = sum(line.net_minor for line in lines)
    discount = sum(line.discount_minor for line in lines)
    tax = sum(line.tax_minor for line in lines)
    return NewOrder(
        id=order_id,
        customer_id=order["customer_id"],
        cart_id=None,
        channel=CHANNEL,
        origin=found["number"],
        currency=order["currency"],
        email_ref=order["email_ref"],
        shipping_address_ref=order["shipping_address_ref"],
        billing_address_ref=order["billing_address_ref"],
        country=order["country"],
        shipping_method_id=order["shipping_method_id"],
        coupon_code=None,
        net_minor=net,
        discount_minor=discount,
        shipping_minor=0,
        tax_minor=tax,
        total_minor=net - discount + tax,
        payment_due_at=due_at,
        lines=lines,
    )


async def send_replacement(work: Work, order_id: str) -> Row:
    """The old goods are back: a paid replacement may be shipped. Returns its row as it was."""
    replacement = await lock_order(work, order_id)
    if replacement["status"] == "held":
        await work.connection.execute("UPDATE shop.orders SET hold_reason = '' WHERE id = $1", order_id)
        await change_status(work, replacement, status="open")
    return replacement


async def withdraw_replacement(work: Work, found: Row, reason: str) -> None:
    """The exchange comes to nothing: its replacement is cancelled and what was paid for it goes back."""
    if found["exchange_order_id"] is None:
        return
    replacement = await lock_order(work, found["exchange_order_id"])
    if replacement["status"] in ("open", "held"):
        await end_order(work, replacement, reason)
