"""Asking to exchange what has arrived for other variants of the same products."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict
from bottega.kernel.identifiers import InstrumentId, OrderId, OrderLineId, VariantId
from bottega.platform.database.pool import Row
from bottega.shop import shop_settings
from bottega.shop.flows.checkout_lines import SellableLine, lines_of_variants
from bottega.shop.flows.instrument_use import check_receives, covers
from bottega.shop.flows.replacement import ReplacementSums, replacement_sums
from bottega.shop.flows.return_order import Quantity, Reason, check_lines, request_facts
from bottega.shop.orders.actions import lock_order
from bottega.shop.returns.amounts import share_minor
from bottega.shop.returns.errors import no_such_line, other_product
from bottega.shop.returns.records import NewReturn, NewReturnLine, insert_return
from bottega.shop.stock.errors import OutOfStock
from bottega.shop.stock.queries import available


class ExchangedLine(BaseModel):
    """Units of an order line to send back, and the variant to send for them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line_id: OrderLineId
    new_variant_id: VariantId
    quantity: Quantity = 1
    reason: Reason = ""


class RequestExchange(Action):
    """Asks to exchange goods; the instrument pays the price difference, or receives it."""

    groups: ClassVar[tuple[str, ...]] = ("own", "returns", "return_requests")
    order_id: OrderId
    lines: Annotated[tuple[ExchangedLine, ...], Field(min_length=1, max_length=100)]
    reason: Reason = ""
    instrument_id: InstrumentId | None = None
    expected_difference_minor: int | None = None


async def exchange_facts(action: RequestExchange, work: Work) -> Facts:
    """Those of a return, and what the new goods would come to."""
    facts = await request_facts(action, work)
    order = await lock_order(work, action.order_id)
    known: dict[str, Row] = work.loaded["lines"]
    for line in action.lines:
        if line.line_id not in known:
            raise no_such_line(order["number"], line.line_id)
    goods = await lines_of_variants(
        work.connection,
        [(line.new_variant_id, line.quantity) for line in action.lines],
        order["currency"],
        work.now,
    )
    sums = await replacement_sums(work, order, goods, _credit(action, known))
    work.loaded["sums"] = sums
    return {
        **facts,
        "currency": order["currency"],
        "difference_minor": sums.difference_minor,
        "instrument_covers": covers(work.loaded["instrument"], sums.difference_minor),
        "same_product": all(
            new.product_id == known[line.line_id]["product_id"] for line, new in zip(action.lines, goods, strict=True)
        ),
    }


def _credit(action: RequestExchange, known: dict[str, Row]) -> int:
    """What the goods that come back were paid with."""
    return sum(
        share_minor(known[line.line_id], line.quantity, known[line.line_id]["returned"]) for line in action.lines
    )


def difference_at_stake(_: RequestExchange, facts: Facts) -> tuple[int, str]:
    """What is charged or given back."""
    return abs(int(str(facts["difference_minor"]))), str(facts["currency"])


@handles(RequestExchange, facts=exchange_facts, at_stake=difference_at_stake)
async def request_exchange(action: RequestExchange, work: Work) -> dict[str, Any]:
    """Check both sides and write the request down with the prices of now; nothing moves before an approval."""
    order = await lock_order(work, action.order_id)
    settings = await shop_settings.current(work.connection)
    sums: ReplacementSums = work.loaded["sums"]
    rows = check_lines(work, order, action.lines, settings)
    for row, goods in zip(rows, sums.lines, strict=True):
        if goods.product_id != row["product_id"]:
            raise other_product(row["title"])
    await _check_available(work, sums.lines)
    if sums.difference_minor < 0:
        await check_receives(work, order, work.loaded["instrument"])
    if action.expected_difference_minor not in (None, sums.difference_minor):
        raise Conflict(
            "difference_changed",
            f"The difference is {sums.difference_minor} now, not {action.expected_difference_minor}.",
            next_step="Show the new difference and ask again.",
            difference_minor=sums.difference_minor,
        )
    lines = [
        NewReturnLine(
            line.line_id, line.quantity, line.reason or action.reason, goods.variant_id, goods.unit_price_minor
        )
        for line, goods in zip(action.lines, sums.lines, strict=True)
    ]
    new = NewReturn(order, "exchange", action.reason, lines, action.instrument_id, sums.difference_minor)
    made = await insert_return(work, new)
    work.resolve("prices", {goods.variant_id: goods.unit_price_minor for goods in sums.lines})
    return {
        "order_id": order["id"],
        **made,
        "state": "requested",
        "difference_minor": sums.difference_minor,
        "currency": order["currency"],
    }


async def _check_available(work: Work, lines: Sequence[SellableLine]) -> None:
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.variant_id] = wanted.get(line.variant_id, 0) + line.quantity
    there = await available(work.connection, sorted(wanted))
    for line in lines:
        if wanted[line.variant_id] > there.get(line.variant_id, 0):
            raise OutOfStock(line.variant_id, line.sku, wanted[line.variant_id], there.get(line.variant_id, 0))
