"""The write calls of a `tau-retail` story as actions of this shop, for the customer whose things they touch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.bootstrap import Application
from bottega.kernel.address import Address
from bottega.kernel.errors import Invalid, NotFound
from bottega.platform.database.pool import Connection
from bottega.shop.customers.actions import ChangeAddress, find_customers
from bottega.shop.flows.amend_order import AmendOrderAddress, AmendOrderItems, ChangeOrderInstrument, LineAmendment
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.flows.exchange_order import ExchangedLine, RequestExchange
from bottega.shop.flows.return_order import RequestReturn, ReturnedLine
from bottega.shop.flows.shop_files.tau_retail import SOURCE, address

WRITES = frozenset(
    {
        "cancel_pending_order",
        "modify_pending_order_address",
        "modify_pending_order_items",
        "modify_pending_order_payment",
        "modify_user_address",
        "return_delivered_order_items",
        "exchange_delivered_order_items",
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """An action and who asks for it."""

    action: Action
    by: Actor


async def asked(application: Application, name: str, arguments: Mapping[str, Any]) -> Asked:
    """One call in our words; what it names and is not here is `NotFound`, lists that do not match are `Invalid`."""
    async with application.database.read() as connection:
        if name == "modify_user_address":
            return await _new_address(connection, application.performer.lookup_key, arguments)
        order = await connection.fetchrow(
            "SELECT o.id, o.customer_id, vault.reveal(c.name_ref) AS name "
            "FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id WHERE o.source_id = $1",
            arguments["order_id"],
        )
        if order is None:
            raise NotFound("no_such_order", "Order not found")
        action = await _of_order(connection, name, arguments, dict(order))
        return Asked(action, _customer(order["customer_id"]))


def _customer(customer_id: str) -> Actor:
    return Actor("customer", customer_id, "customer")


async def _new_address(connection: Connection, lookup_key: bytes, arguments: Mapping[str, Any]) -> Asked:
    found = await find_customers(connection, lookup_key, SOURCE, [arguments["user_id"]])
    if not found:
        raise NotFound("no_such_user", "User not found")
    customer_id = found[arguments["user_id"]]
    row = await connection.fetchrow(
        "SELECT a.id, vault.reveal(c.name_ref) AS name FROM shop.addresses a "
        "JOIN shop.customers c ON c.id = a.customer_id WHERE c.id = $1 AND a.is_default",
        customer_id,
    )
    assert row is not None, "every customer of the file has an address"
    new = address(arguments, row["name"])
    return Asked(ChangeAddress(customer_id=customer_id, address_id=row["id"], address=new), _customer(customer_id))


async def _of_order(connection: Connection, name: str, arguments: Mapping[str, Any], order: dict[str, Any]) -> Action:
    match name:
        case "cancel_pending_order":
            return CancelOrder(order_id=order["id"], reason=arguments["reason"])
        case "modify_pending_order_address":
            new: Address = address(arguments, order["name"])
            return AmendOrderAddress(order_id=order["id"], address=new)
        case "modify_pending_order_payment":
            instrument = await _instrument(connection, order["customer_id"], arguments["payment_method_id"])
            return ChangeOrderInstrument(order_id=order["id"], instrument_id=instrument)
        case _:
            return await _of_items(connection, name, arguments, order)


async def _of_items(connection: Connection, name: str, arguments: Mapping[str, Any], order: dict[str, Any]) -> Action:
    order_id = order["id"]
    instrument = await _instrument(connection, order["customer_id"], arguments["payment_method_id"])
    lines = await _lines(connection, order_id, arguments["item_ids"])
    if name == "return_delivered_order_items":
        returned = tuple(ReturnedLine(line_id=line, quantity=1) for line in lines)
        return RequestReturn(order_id=order_id, lines=returned, instrument_id=instrument)
    variants = await _variants(connection, arguments["new_item_ids"])
    if len(variants) != len(lines):
        raise Invalid("lists_differ", "The number of items to be exchanged should match")
    pairs = list(zip(lines, variants, strict=True))
    if name == "modify_pending_order_items":
        changes = tuple(LineAmendment(line_id=line, variant_id=variant) for line, variant in pairs)
        return AmendOrderItems(order_id=order_id, lines=changes, instrument_id=instrument)
    exchanged = tuple(ExchangedLine(line_id=line, new_variant_id=variant) for line, variant in pairs)
    return RequestExchange(order_id=order_id, lines=exchanged, instrument_id=instrument)


async def _instrument(connection: Connection, customer_id: str, source_id: str) -> str:
    found = await connection.fetchval(
        "SELECT id FROM shop.instruments WHERE customer_id = $1 AND source_id = $2", customer_id, source_id
    )
    if found is None:
        raise NotFound("no_such_instrument", "Payment method not found")
    return found


async def _lines(connection: Connection, order_id: str, item_ids: list[str]) -> list[str]:
    """A line for each item, in the order's own order; an item that was bought twice has two lines."""
    rows = await connection.fetch(
        "SELECT id, sku FROM shop.order_lines WHERE order_id = $1 ORDER BY position, id", order_id
    )
    left = [(row["id"], row["sku"]) for row in rows]
    chosen: list[str] = []
    for item_id in item_ids:
        line = next((line for line in left if line[1] == item_id), None)
        if line is None:
            raise NotFound("no_such_item", f"{item_id} not found")
        left.remove(line)
        chosen.append(line[0])
    return chosen


async def _variants(connection: Connection, item_ids: list[str]) -> list[str]:
    rows = await connection.fetch("SELECT sku, id FROM shop.variants WHERE sku = ANY ($1::text[])", item_ids)
    known = {row["sku"]: row["id"] for row in rows}
    for item_id in item_ids:
        if item_id not in known:
            raise NotFound("no_such_variant", "Variant not found")
    return [known[item_id] for item_id in item_ids]
