"""Tools about the customer's own orders: looking, cancelling, changing."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from bottega.actions.effects import EffectDriver
from bottega.actions.preview import Preview, preview
from bottega.agents.tools import wording
from bottega.agents.tools.change_tool import ChangeTool, Summary
from bottega.agents.tools.labels import ORDER
from bottega.agents.tools.order_records import find_order_id, newest_order_id, notes_of, order_shown, orders_shown
from bottega.agents.tools.payment_page import PaymentPages
from bottega.kernel.address import Address
from bottega.kernel.errors import Invalid, NotFound
from bottega.kernel.identifiers import AddressId, InstrumentId, OrderId
from bottega.platform.database.pool import Connection
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.tool import Tool
from bottega.runtime.tools import query_tool
from bottega.shop.customers.queries import get_customer
from bottega.shop.flows.amend_order import AmendOrderAddress, AmendOrderItems, ChangeOrderInstrument, LineAmendment
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.orders.queries import get_order
from bottega.shop.payments.errors import no_such_instrument

OrderNumber = Annotated[str, Field(min_length=1, max_length=40, description="As it was told to the customer: B-10130.")]
ChosenReason = Annotated[
    str, Field(min_length=1, max_length=200, description="One of the order's reasons, word for word.")
]
Lines = Annotated[tuple[LineAmendment, ...], Field(min_length=1, max_length=100)]


class OrderTools:
    """What a customer may ask about their orders and do with them."""

    def __init__(self, effects: EffectDriver, pages: PaymentPages) -> None:
        self._effects = effects
        self._pages = pages

    def all(self, nouns: Mapping[str, str]) -> tuple[Tool, ...]:
        """The tools, in the order in which they are offered."""
        return (
            query_tool(self.get_order, nouns=nouns, labels=ORDER),
            query_tool(self.list_orders, nouns=nouns),
            ChangeTool(
                self.cancel_order,
                self._effects,
                self._read_back,
                nouns=nouns,
                # A reason that is not the shop's is refused by the shop itself; it controls nothing.
                controls={"reason": "choice"},
                summarise=self._cancelling,
                accomplishes=frozenset({"cancelled", "canceled", "refunded"}),
                labels=ORDER,
            ),
            ChangeTool(
                self.amend_order,
                self._effects,
                self._read_back,
                nouns=nouns,
                summarise=self._amending,
                accomplishes=frozenset({"changed", "amended", "updated", "swapped", "redirected", "removed"}),
                labels=ORDER,
            ),
        )

    async def get_order(
        self, context: RunContext, *, number: OrderNumber | None = None, order_id: OrderId | None = None
    ) -> dict[str, Json]:
        """One order of the customer with lines, parcels, payments, refunds, returns and what may still be done with it.

        By its number or order_id; without either, the newest.
        """
        async with context.read() as connection:
            if order_id is None:
                order_id = await self._order_id(connection, context, number)
            shown = await order_shown(connection, context.actor, order_id, context.now, self._pages)
            notes = await notes_of(connection, order_id, author=context.customer_id)
            return {**shown, "notes": notes} if notes else shown

    async def list_orders(self, context: RunContext) -> dict[str, Json]:
        """The customer's newest orders with their states and what is in them."""
        async with context.read() as connection:
            return {"orders": await orders_shown(connection, context.actor)}

    async def cancel_order(self, _: RunContext, *, order_id: OrderId, reason: ChosenReason) -> CancelOrder:
        """Cancels an order of which nothing has been sent; what was paid goes back the way it came."""
        return CancelOrder(order_id=order_id, reason=reason)

    async def amend_order(
        self,
        context: RunContext,
        *,
        order_id: OrderId,
        address: Address | None = None,
        address_id: AddressId | None = None,
        lines: Lines | None = None,
        instrument_id: InstrumentId | None = None,
    ) -> AmendOrderAddress | AmendOrderItems | ChangeOrderInstrument:
        """Changes an order of which nothing has been sent: where it goes, what is in it, or what pays for it.

        One of the three: `address` or `address_id`; `lines` (another variant, another quantity, 0 takes a line out),
        with the `instrument_id` that pays or receives the difference; or `instrument_id` alone.
        """
        places = sum(given is not None for given in (address, address_id))
        if places + (lines is not None) > 1 or (places and instrument_id is not None):
            raise Invalid("one_change", "Change one thing at a time.", next_step="Make a second call for the rest.")
        if lines is not None:
            return await self._new_items(context, order_id, lines, instrument_id)
        if places:
            return AmendOrderAddress(order_id=order_id, address=address or await _stored(context, address_id))
        if instrument_id is None:
            raise Invalid("nothing_to_change", "What is to change is missing.", next_step="Give address, lines or so.")
        return ChangeOrderInstrument(order_id=order_id, instrument_id=instrument_id)

    async def _new_items(
        self, context: RunContext, order_id: str, lines: tuple[LineAmendment, ...], instrument_id: str | None
    ) -> AmendOrderItems:
        """With the difference that it makes now, so that a yes covers that and no other."""
        action = AmendOrderItems(order_id=order_id, lines=lines, instrument_id=instrument_id)
        tried = await preview(context.performer, action, by=context.actor, attested={"confirmed": True})
        if tried.result is None:
            return action
        return action.model_copy(update={"expected_difference_minor": tried.result["difference_minor"]})

    async def _order_id(self, connection: Connection, context: RunContext, number: str | None) -> str:
        if number is not None:
            return await find_order_id(connection, context.actor, number)
        newest = await newest_order_id(connection, context.actor)
        if newest is None:
            raise NotFound("no_orders", "There is no order of this customer yet.", next_step="Say so.")
        return newest

    async def _read_back(self, context: RunContext, result: Mapping[str, Json]) -> dict[str, Json]:
        async with context.read() as connection:
            return await order_shown(connection, context.actor, str(result["order_id"]), context.now, self._pages)

    async def _cancelling(self, context: RunContext, action: CancelOrder, tried: Preview) -> Summary:
        assert tried.result is not None, "what is summed up is possible"
        async with context.read() as connection:
            shown = await order_shown(connection, context.actor, action.order_id, context.now, self._pages)
        refunded, currency = int(tried.result["refunded_minor"]), shown["currency"]
        back = f" {wording.money(refunded, currency)} goes back to {_payers(shown)}." if refunded else ""
        goods = wording.lines(shown["lines"])
        text = f"Cancel order {shown['number']} ({goods})? Reason: {action.reason}.{back}"
        return Summary(text, refunded or None, currency)

    async def _amending(self, context: RunContext, action: Any, tried: Preview) -> Summary:
        async with context.read() as connection:
            order = await get_order(connection, context.actor, action.order_id)
            match action:
                case AmendOrderAddress():
                    return Summary(f"Send order {order.number} to {wording.address(action.address)} instead?")
                case ChangeOrderInstrument():
                    amount = wording.money(order.total_minor, order.currency)
                    named = await _instrument(connection, context, action.instrument_id)
                    text = f"Pay {amount} for order {order.number} with {named} instead? What paid before goes back."
                    return Summary(text, order.total_minor, order.currency)
                case _:
                    return await _new_items_summary(connection, context, action, tried)


async def _new_items_summary(
    connection: Connection, context: RunContext, action: AmendOrderItems, tried: Preview
) -> Summary:
    assert tried.result is not None, "what is summed up is possible"
    order = await get_order(connection, context.actor, action.order_id)
    by_id = {line.id: line.model_dump() for line in order.lines}
    wanted = [line.variant_id for line in action.lines if line.variant_id is not None]
    variants = {row["id"]: dict(row) for row in await connection.fetch(_VARIANTS, wanted)}
    changes: list[str] = []
    for line in action.lines:
        before = by_id[line.line_id]
        quantity = before["quantity"] if line.quantity is None else line.quantity
        if quantity == 0:
            changes.append(f"without {wording.line(before)}")
            continue
        after = before if line.variant_id is None else {**variants[line.variant_id], "quantity": quantity}
        changes.append(f"{wording.line(before)} becomes {wording.line(after, quantity)}")
    difference, currency = int(tried.result["difference_minor"]), order.currency
    moved = wording.money(abs(difference), currency)
    named = "" if action.instrument_id is None else await _instrument(connection, context, action.instrument_id)
    if difference > 0:
        money = f"{moved} more" + (f", paid with {named}" if named else "")
    else:
        money = "The price stays the same" if difference == 0 else f"{moved} goes back to {named or 'what paid for it'}"
    total = wording.money(int(tried.result["total_minor"]), currency)
    rest = wording.the_rest(by_id, (line.line_id for line in action.lines))
    text = f"Change order {order.number}: {'; '.join(changes)}? {money}; the order comes to {total}.{rest}"
    return Summary(text, difference or None, currency)


def _payers(shown: Mapping[str, Any]) -> str:
    """What the money came from."""
    captured = [payment for payment in shown["payments"] if payment["captured_minor"] > payment["refunded_minor"]]
    named = list(dict.fromkeys(wording.instrument(_named(payment)) for payment in captured))
    return wording.listed(named) or "where it came from"


def _named(payment: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": payment["kind"], "brand": payment["brand"] or "", "last_four": payment["last_four"] or ""}


async def _instrument(connection: Connection, context: RunContext, instrument_id: str) -> str:
    row = await connection.fetchrow(
        "SELECT kind, brand, last_four FROM shop.instruments WHERE id = $1 AND customer_id = $2",
        instrument_id,
        context.customer_id,
    )
    if row is None:
        raise no_such_instrument()
    return wording.instrument(dict(row))


async def _stored(context: RunContext, address_id: str | None) -> Address:
    async with context.read() as connection:
        customer = await get_customer(connection, context.actor, context.customer_id or "")
    address = next((one.address for one in customer.addresses if one.id == address_id), None)
    if address is None:
        raise NotFound("no_such_address", "There is no such stored address.", next_step="Look at the account.")
    return address


_VARIANTS = """
SELECT v.id, p.title, v.option_values FROM shop.variants v JOIN shop.products p ON p.id = v.product_id
WHERE v.id = ANY($1::text[])"""
