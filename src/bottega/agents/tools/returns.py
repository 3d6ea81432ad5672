"""Tools about sending goods back: for money, or for another variant."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from bottega.actions.effects import EffectDriver
from bottega.actions.preview import Preview, preview
from bottega.agents.tools import wording
from bottega.agents.tools.change_tool import ChangeTool, Summary
from bottega.kernel.errors import NotFound
from bottega.kernel.identifiers import InstrumentId, OrderId, ReturnId
from bottega.platform.database.pool import Connection
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.tool import Control, Tool
from bottega.runtime.tools import query_tool
from bottega.shop.flows.exchange_order import ExchangedLine, RequestExchange
from bottega.shop.flows.return_order import CancelReturn, Reason, RequestReturn, ReturnedLine
from bottega.shop.orders.queries import get_order
from bottega.shop.payments.errors import no_such_instrument
from bottega.shop.returns.queries import get_return, list_returns

ReturnNumber = Annotated[str, Field(min_length=1, max_length=40, description="As the customer knows it: R-5001.")]
Returned = Annotated[tuple[ReturnedLine, ...], Field(min_length=1, max_length=100)]
Exchanged = Annotated[tuple[ExchangedLine, ...], Field(min_length=1, max_length=100)]
# Reasons are chosen from the shop's list, which the shop itself checks.
_REASONS: Mapping[str, Control] = {"reason": "choice", "lines.*.reason": "choice"}
_HIDDEN = {"customer_id", "exchange_order_id"}
RETURNS_LISTED = 10


class ReturnTools:
    """Returns and exchanges of what has arrived."""

    def __init__(self, effects: EffectDriver) -> None:
        self._effects = effects

    def all(self, nouns: Mapping[str, str]) -> tuple[Tool, ...]:
        """The tools, in the order in which they are offered."""
        return (
            ChangeTool(
                self.create_return,
                self._effects,
                self._read_back,
                nouns=nouns,
                controls=_REASONS,
                summarise=self._returning,
                accomplishes=frozenset({"requested", "registered", "created", "noted", "opened"}),
            ),
            ChangeTool(
                self.create_exchange,
                self._effects,
                self._read_back,
                nouns=nouns,
                controls=_REASONS,
                summarise=self._exchanging,
                accomplishes=frozenset({"exchanged", "swapped", "requested", "registered", "created", "noted"}),
            ),
            ChangeTool(
                self.cancel_return,
                self._effects,
                self._read_back,
                nouns=nouns,
                summarise=self._taking_back,
                accomplishes=frozenset({"cancelled", "canceled", "withdrawn"}),
            ),
            query_tool(self.get_return, nouns=nouns),
        )

    async def create_return(
        self,
        _: RunContext,
        *,
        order_id: OrderId,
        lines: Returned,
        reason: Reason = "",
        instrument_id: InstrumentId | None = None,
    ) -> RequestReturn:
        """Asks to send goods back for money, which goes to what paid for them, or to the named stored instrument.

        The reason is one of the order's return reasons, word for word.
        """
        return RequestReturn(order_id=order_id, lines=lines, reason=reason, instrument_id=instrument_id)

    async def create_exchange(
        self,
        context: RunContext,
        *,
        order_id: OrderId,
        lines: Exchanged,
        reason: Reason = "",
        instrument_id: InstrumentId | None = None,
    ) -> RequestExchange:
        """Asks to exchange goods for other variants of the same product.

        The stored instrument pays the difference, or receives it. The reason is one of the order's return reasons.
        """
        action = RequestExchange(order_id=order_id, lines=lines, reason=reason, instrument_id=instrument_id)
        tried = await preview(context.performer, action, by=context.actor, attested={"confirmed": True})
        if tried.result is None:
            return action
        return action.model_copy(update={"expected_difference_minor": tried.result["difference_minor"]})

    async def cancel_return(self, _: RunContext, *, return_id: ReturnId) -> CancelReturn:
        """Takes a return or an exchange back before the goods have arrived."""
        return CancelReturn(return_id=return_id)

    async def get_return(
        self, context: RunContext, *, number: ReturnNumber | None = None, return_id: ReturnId | None = None
    ) -> dict[str, Json]:
        """One return or exchange of the customer with its state; by number or return_id, without either the newest."""
        async with context.read() as connection:
            if return_id is None:
                return_id = await _return_id(connection, context, number)
            return await _shown(connection, context, return_id)

    async def _read_back(self, context: RunContext, result: Mapping[str, Json]) -> dict[str, Json]:
        async with context.read() as connection:
            return await _shown(connection, context, str(result["return_id"]))

    async def _returning(self, context: RunContext, action: RequestReturn, _: Preview) -> Summary:
        async with context.read() as connection:
            order = await get_order(connection, context.actor, action.order_id)
            back = "what paid for it"
            if action.instrument_id is not None:
                back = await _instrument(connection, context, action.instrument_id)
        by_id = {line.id: line.model_dump() for line in order.lines}
        goods, reason = _goods(action.lines, by_id), _reason(action)
        rest = wording.the_rest(by_id, (line.line_id for line in action.lines))
        return Summary(f"Return {goods} of order {order.number}{reason}? The money goes back to {back}.{rest}")

    async def _exchanging(self, context: RunContext, action: RequestExchange, tried: Preview) -> Summary:
        assert tried.result is not None, "what is summed up is possible"
        async with context.read() as connection:
            order = await get_order(connection, context.actor, action.order_id)
            wanted = [line.new_variant_id for line in action.lines]
            variants = {row["id"]: dict(row) for row in await connection.fetch(_VARIANTS, wanted)}
            named = ""
            if action.instrument_id is not None:
                named = await _instrument(connection, context, action.instrument_id)
        by_id = {line.id: line.model_dump() for line in order.lines}
        swaps = [
            f"{wording.line(by_id[line.line_id], line.quantity)} for "
            f"{wording.line(variants[line.new_variant_id], line.quantity)}"
            for line in action.lines
        ]
        difference, currency = int(tried.result["difference_minor"]), order.currency
        moved = wording.money(abs(difference), currency)
        money = "The price is the same."
        if difference > 0:
            money = f"You pay {moved} more" + (f" with {named}." if named else ".")
        elif difference < 0:
            money = f"{moved} goes back to {named or 'what paid for it'}."
        rest = wording.the_rest(by_id, (line.line_id for line in action.lines))
        text = f"Exchange {wording.listed(swaps)} of order {order.number}{_reason(action)}? {money}{rest}"
        return Summary(text, difference or None, currency)

    async def _taking_back(self, context: RunContext, action: CancelReturn, _: Preview) -> Summary:
        async with context.read() as connection:
            found = await _shown(connection, context, action.return_id)
        goods = wording.lines(found["lines"])
        return Summary(f"Take back {found['kind']} {found['number']} ({goods}) of order {found['order_number']}?")


async def _shown(connection: Connection, context: RunContext, return_id: str) -> dict[str, Any]:
    found = await get_return(connection, context.actor, return_id)
    order = await get_order(connection, context.actor, found.order_id)
    by_id = {line.id: line for line in order.lines}
    shown = found.model_dump(mode="json", exclude=_HIDDEN)
    shown["order_number"], shown["currency"] = order.number, order.currency
    shown["lines"] = [
        {
            **{name: line[name] for name in ("id", "line_id", "quantity", "reason", "received", "new_variant_id")},
            "title": by_id[line["line_id"]].title,
            "option_values": by_id[line["line_id"]].option_values,
        }
        for line in shown["lines"]
    ]
    return shown


async def _return_id(connection: Connection, context: RunContext, number: str | None) -> str:
    if number is None:
        newest = await list_returns(connection, context.actor, limit=1)
        if not newest:
            raise NotFound("no_returns", "There is no return of this customer.", next_step="Say so.")
        return newest[0].id
    found = await connection.fetchval(
        "SELECT id FROM shop.returns WHERE customer_id = $1 AND number = $2",
        context.actor.customer_id or "",
        "".join(number.split()).upper(),
    )
    if found is None:
        raise NotFound(
            "no_such_return", f"There is no return {number.strip()} of yours.", next_step="Ask for its number."
        )
    return found


def _goods(lines: Sequence[ReturnedLine], by_id: Mapping[str, Mapping[str, Any]]) -> str:
    return wording.listed([wording.line(by_id[line.line_id], line.quantity) for line in lines])


def _reason(action: RequestReturn | RequestExchange) -> str:
    reasons = list(dict.fromkeys(line.reason or action.reason for line in action.lines))
    given = [reason for reason in reasons if reason]
    return f" (reason: {wording.listed(given)})" if given else ""


async def _instrument(connection: Connection, context: RunContext, instrument_id: str) -> str:
    row = await connection.fetchrow(
        "SELECT kind, brand, last_four FROM shop.instruments WHERE id = $1 AND customer_id = $2",
        instrument_id,
        context.customer_id,
    )
    if row is None:
        raise no_such_instrument()
    return wording.instrument(dict(row))


_VARIANTS = """
SELECT v.id, p.title, v.option_values FROM shop.variants v JOIN shop.products p ON p.id = v.product_id
WHERE v.id = ANY($1::text[])"""
