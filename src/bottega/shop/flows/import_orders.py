"""Orders of another shop, in every state, with their lines, parcels and payment history, many in one action."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action, Personal, personal_text
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict
from bottega.shop.flows.import_customers import MAXIMUM_ROWS, customer_rows
from bottega.shop.flows.imported_order import Known, OrderRefused, OrderRows, order_rows
from bottega.shop.flows.shop_files.records import OrderRecord, SourceName
from bottega.shop.payments.ledger import Movement, rows_of
from bottega.shop.stock.actions import ReceiptLine, ReceiveStock, reserve
from bottega.shop.stock.actions.goods import receive_stock


class ImportOrders(Action):
    """Takes over orders that are not here yet; those that are stay as they are."""

    groups: ClassVar[tuple[str, ...]] = ("imports",)
    source: SourceName
    orders: Annotated[
        tuple[OrderRecord, ...], Field(min_length=1, max_length=MAXIMUM_ROWS), Personal("imported_orders")
    ]


async def import_orders_facts(action: ImportOrders, work: Work) -> Facts:
    """How many orders."""
    del work
    return {"rows_changed": len(action.orders)}


@handles(ImportOrders, facts=import_orders_facts)
async def import_orders(action: ImportOrders, work: Work) -> dict[str, Any]:
    """Every table in one statement; goods that are still to be sent are received and promised."""
    known = await _known(action, work)
    rejections: list[dict[str, Any]] = []
    accepted: list[OrderRows] = []
    unchanged = 0
    for place, record in enumerate(action.orders):
        if record.source_id in known.orders:
            unchanged += 1
            continue
        try:
            accepted.append(order_rows(work, action.source, record, known, place))
        except OrderRefused as refused:
            rejections.append({"row": place, "field": refused.field, "reason": refused.reason})
            continue
        known.orders.add(record.source_id)
    if accepted:
        await _write(work, action.source, accepted)
    return {
        "created": len(accepted),
        "unchanged": unchanged,
        "rejections": rejections,
        "order_ids": [rows.order["id"] for rows in accepted],
    }


async def _known(action: ImportOrders, work: Work) -> Known:
    """What the records refer to, read in one statement each."""
    connection = work.connection
    customers = await customer_rows(work, action.source, [record.customer_source_id for record in action.orders])
    orders = await connection.fetch(
        "SELECT source_id FROM shop.orders WHERE source = $1 AND source_id = ANY ($2::text[])",
        action.source,
        [record.source_id for record in action.orders],
    )
    numbers = await connection.fetch(
        "SELECT number FROM shop.orders WHERE number = ANY ($1::text[])", [record.number for record in action.orders]
    )
    variants = await connection.fetch(
        "SELECT v.sku, v.id, v.product_id, v.weight_grams, p.tax_class FROM shop.variants v "
        "JOIN shop.products p ON p.id = v.product_id WHERE v.sku = ANY ($1::text[])",
        sorted({line.sku for record in action.orders for line in record.lines}),
    )
    instruments = await connection.fetch(
        "SELECT id, customer_id, kind, gateway, gift_card_id, source_id FROM shop.instruments "
        "WHERE customer_id = ANY ($1::text[]) AND source_id <> ''",
        [customer["id"] for customer in customers.values()],
    )
    return Known(
        customers=customers,
        orders={row["source_id"] for row in orders},
        numbers={row["number"] for row in numbers},
        variants={row["sku"]: dict(row) for row in variants},
        instruments={(row["customer_id"], row["source_id"]): dict(row) for row in instruments},
    )


async def _write(work: Work, source: str, accepted: Sequence[OrderRows]) -> None:
    references = await work.keep_many(
        [(rows.order["customer_id"], "address", personal_text(rows.address.model_dump())) for rows in accepted]
    )
    for rows, reference in zip(accepted, references, strict=True):
        rows.order["shipping_address_ref"] = reference
    await _insert(work, "shop.orders", [rows.order for rows in accepted])
    await _insert(work, "shop.order_lines", [line for rows in accepted for line in rows.lines])
    await _insert(work, "shop.shipments", [shipment for rows in accepted for shipment in rows.shipments])
    await _insert(work, "shop.shipment_lines", [line for rows in accepted for line in rows.shipment_lines])
    await _insert(work, "shop.payments", [payment for rows in accepted for payment in rows.payments])
    await _insert(work, "shop.refunds", [refund for rows in accepted for refund in rows.refunds])
    movements: list[Movement] = [movement for rows in accepted for movement in rows.movements]
    await _insert(work, "shop.ledger_postings", rows_of(work, *movements))
    await _promise(work, source, accepted)


async def _promise(work: Work, source: str, accepted: Sequence[OrderRows]) -> None:
    """The goods of orders that are still to be sent lie at the first location and belong to those orders."""
    wanted = [(rows, [line for line in rows.lines if rows.is_to_be_sent]) for rows in accepted]
    units: dict[str, int] = {}
    for _, lines in wanted:
        for line in lines:
            units[line["variant_id"]] = units.get(line["variant_id"], 0) + line["quantity"]
    if not units:
        return
    location = await work.connection.fetchval(
        "SELECT id FROM shop.locations WHERE active ORDER BY priority, id LIMIT 1"
    )
    if location is None:
        raise Conflict(
            "no_location", "There is no location that the orders' goods could lie at.", next_step="Create a location."
        )
    receipt = tuple(ReceiptLine(variant_id=variant, quantity=count) for variant, count in sorted(units.items()))
    await receive_stock(ReceiveStock(location_id=location, lines=receipt, reference=f"import from {source}"), work)
    for rows, lines in wanted:
        if lines:
            promised = [(line["id"], line["variant_id"], line["quantity"]) for line in lines]
            await reserve(work, rows.order["id"], promised, None)


async def _insert(work: Work, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        names = ", ".join(rows[0])
        await work.connection.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb)",
            rows,
        )
