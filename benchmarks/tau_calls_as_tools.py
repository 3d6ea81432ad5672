"""The write calls of a `tau-retail` story as calls of this shop's tools, with what the customer says to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.tau_calls import Asked, asked
from benchmarks.tau_model import Talk, values_in
from bottega.bootstrap import Application
from bottega.kernel.errors import Refusal
from bottega.shop.customers.actions import ChangeAddress
from bottega.shop.flows.amend_order import AmendOrderAddress, AmendOrderItems, ChangeOrderInstrument
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.flows.exchange_order import RequestExchange
from bottega.shop.flows.return_order import RequestReturn

TOOLS = {
    "cancel_pending_order": "cancel_order",
    "modify_pending_order_address": "amend_order",
    "modify_pending_order_items": "amend_order",
    "modify_pending_order_payment": "amend_order",
    "modify_user_address": "change_account_address",
    "return_delivered_order_items": "create_return",
    "exchange_delivered_order_items": "create_exchange",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tool call in raw identifiers. `order` is the order's number, `customer_id` whose it is."""

    tool: str
    arguments: Mapping[str, Any]
    customer_id: str
    order: str | None
    is_known: bool = True
    shown: frozenset[str] = field(default_factory=frozenset[str])
    """Identifiers that the model is given by handle; what is not among them it would have to invent."""

    def changed(self, **arguments: Any) -> "Wanted":
        """The same call with other arguments."""
        return replace(self, arguments={**self.arguments, **arguments})


async def wanted(application: Application, call: Mapping[str, Any]) -> Wanted:
    """One call of the file. Names that the shop does not know stay as the file spells them."""
    name, given = call["name"], call["arguments"]
    try:
        known = await asked(application, name, given)
    except Refusal:
        return await _unknown(application, name, given)
    return _of(known, given.get("order_id"), name)


def _of(known: Asked, order: str | None, name: str) -> Wanted:
    action: Any = known.action
    customer_id = known.by.id
    match action:
        case CancelOrder():
            arguments = {"order_id": action.order_id, "reason": action.reason}
        case AmendOrderAddress():
            arguments = {"order_id": action.order_id, "address": action.address.model_dump()}
        case AmendOrderItems():
            lines = [{"line_id": line.line_id, "variant_id": line.variant_id} for line in action.lines]
            arguments = {"order_id": action.order_id, "lines": lines, "instrument_id": action.instrument_id}
        case ChangeOrderInstrument():
            arguments = {"order_id": action.order_id, "instrument_id": action.instrument_id}
        case ChangeAddress():
            arguments = {"address_id": action.address_id, "address": action.address.model_dump()}
        case RequestReturn():
            lines = [{"line_id": line.line_id, "quantity": line.quantity} for line in action.lines]
            arguments = {"order_id": action.order_id, "lines": lines, "instrument_id": action.instrument_id}
        case RequestExchange():
            lines = [
                {"line_id": one.line_id, "new_variant_id": one.new_variant_id, "quantity": one.quantity}
                for one in action.lines
            ]
            arguments = {"order_id": action.order_id, "lines": lines, "instrument_id": action.instrument_id}
        case _:
            raise AssertionError(f"{name} is no write call")
    return Wanted(TOOLS[name], arguments, customer_id, order)


async def _unknown(application: Application, name: str, given: Mapping[str, Any]) -> Wanted:
    """A call that names what is not there: what a model would send if it had made it up."""
    async with application.database.read() as connection:
        row = await connection.fetchrow(
            "SELECT id, customer_id FROM shop.orders WHERE source_id = $1", given.get("order_id")
        )
        anybody = await connection.fetchval("SELECT min(id) FROM shop.customers WHERE kind = 'account'")
    arguments: dict[str, Any] = {"order_id": given.get("order_id") if row is None else row["id"]}
    items, new = given.get("item_ids", ()), given.get("new_item_ids", ())
    if "payment_method_id" in given:
        arguments["instrument_id"] = given["payment_method_id"]
    match TOOLS[name]:
        case "create_return":
            arguments["lines"] = [{"line_id": item, "quantity": 1} for item in items]
        case "create_exchange":
            arguments["lines"] = [
                {"line_id": item, "new_variant_id": other, "quantity": 1}
                for item, other in zip(items, new, strict=False)
            ]
        case "amend_order" if items:
            arguments["lines"] = [
                {"line_id": item, "variant_id": other} for item, other in zip(items, new, strict=False)
            ]
        case "cancel_order":
            arguments["reason"] = given.get("reason")
        case _:
            pass
    customer_id = anybody if row is None else row["customer_id"]
    return Wanted(TOOLS[name], arguments, customer_id, given.get("order_id"), is_known=False)


async def look_up(talk: Talk, call: Wanted) -> None:
    """The model reads what a clerk would read first: the account, the order, and the products of new variants."""
    about = f"Hello, it is about my order {call.order}." if call.order else "Hello, it is about my account."
    reads: list[tuple[str, Mapping[str, Any]]] = [("get_account", {})]
    if call.order:
        reads.append(("get_order", {"number": call.order}))
    await talk.say(about, *reads)
    products = await _products(talk, call)
    if products:
        await talk.say("What is there instead?", *(("get_product", {"product_id": one}) for one in products))


async def _products(talk: Talk, call: Wanted) -> list[str]:
    variants = [
        line[name]
        for line in call.arguments.get("lines", ())
        for name in ("variant_id", "new_variant_id")
        if name in line
    ]
    async with talk.clerk.application.database.read() as connection:
        rows = await connection.fetch(
            "SELECT DISTINCT product_id FROM shop.variants WHERE id = ANY($1::text[])", variants
        )
    handles = [await talk.handle(row["product_id"]) for row in rows]
    return [handle for handle in handles if handle.startswith("product_")]


async def in_handles(talk: Talk, value: Any) -> Any:
    """Arguments with handles where the conversation has shown what they name."""
    match value:
        case Mapping():
            return {name: await in_handles(talk, member) for name, member in value.items()}
        case list() | tuple():
            return [await in_handles(talk, member) for member in value]
        case str():
            return await talk.handle(value)
        case _:
            return value


def spoken(call: Wanted) -> str:
    """What the customer asks for: the words that are theirs to say, an address or a reason."""
    said = [*values_in(call.arguments.get("address")), *values_in(call.arguments.get("reason"))]
    return f"Please do it: {', '.join(said)}." if said else "Please do it."
