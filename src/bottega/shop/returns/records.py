"""Returns as rows: written, locked, and moved from state to state; flows decide when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bottega.actions.work import Work
from bottega.platform.database.pool import Connection, Row
from bottega.shop.returns.errors import no_such_return, wrong_state
from bottega.shop.returns.model import ANNOUNCED, STANDING, STATE_TRANSITIONS, ReturnKind, ReturnState


@dataclass(frozen=True, slots=True)
class NewReturnLine:
    """Units of an order line that come back, and what they are exchanged for."""

    line_id: str
    quantity: int
    reason: str = ""
    new_variant_id: str | None = None
    new_unit_price_minor: int | None = None


@dataclass(frozen=True, slots=True)
class NewReturn:
    """A return as it is asked for."""

    order: Row
    kind: ReturnKind
    reason: str
    lines: Sequence[NewReturnLine]
    instrument_id: str | None = None
    price_difference_minor: int = 0


async def insert_return(work: Work, new: NewReturn) -> dict[str, Any]:
    """Writes a requested return with its lines; returns its id and number."""
    return_id = work.new_id("ret")
    rows = [
        {
            "id": work.new_id("rln"),
            "return_id": return_id,
            "line_id": line.line_id,
            "quantity": line.quantity,
            "reason": line.reason,
            "condition": "",
            "received": 0,
            "restocked": 0,
            "new_variant_id": line.new_variant_id,
            "new_unit_price_minor": line.new_unit_price_minor,
            "position": position,
        }
        for position, line in enumerate(new.lines)
    ]
    number = await work.connection.fetchval(
        _INSERT,
        return_id,
        new.order["id"],
        new.order["customer_id"],
        new.kind,
        new.reason,
        new.instrument_id,
        new.price_difference_minor,
        work.now,
        rows,
    )
    await announce(work, return_id, new.order["id"], "requested")
    return {"return_id": return_id, "number": number, "return_line_ids": [row["id"] for row in rows]}


async def announce(work: Work, return_id: str, order_id: str, state: ReturnState) -> None:
    """Tells the customer how far the return is."""
    await work.intend(
        "mail.return_update",
        {"return_id": return_id, "order_id": order_id, "state": state},
        key=f"mail.return_update:{return_id}:{state}",
    )


async def order_of_return(work: Work, return_id: str) -> str:
    """The order that a return is of, without a lock: the order is locked first."""
    order_id = await work.connection.fetchval("SELECT order_id FROM shop.returns WHERE id = $1", return_id)
    if order_id is None:
        raise no_such_return(return_id)
    return order_id


async def lock_return(work: Work, return_id: str) -> Row:
    """The return's row, locked after its order, once per action; customers and their agents find their own only."""
    found: Row | None = work.loaded.get(return_id)
    if found is None:
        found = await work.connection.fetchrow("SELECT * FROM shop.returns WHERE id = $1 FOR UPDATE", return_id)
    is_customers = work.actor.kind == "customer" or work.actor.on_behalf_of is not None
    if found is None or (is_customers and found["customer_id"] != work.actor.customer_id):
        raise no_such_return(return_id)
    work.loaded[return_id] = found
    return found


def check_transition(found: Row, after: ReturnState) -> None:
    """Raises `return_state` unless the return may become that."""
    if after not in STATE_TRANSITIONS[found["state"]]:
        raise wrong_state(found["number"], found["state"], after)


async def change_state(work: Work, found: Row, after: ReturnState, **columns: Any) -> None:
    """Moves a locked return on, sets some of its columns, and tells the customer."""
    check_transition(found, after)
    names = "".join(f", {name} = ${place}" for place, name in enumerate(columns, start=4))
    await work.connection.execute(
        f"UPDATE shop.returns SET state = $2, updated_at = $3{names} WHERE id = $1",
        found["id"],
        after,
        work.now,
        *columns.values(),
    )
    work.loaded.pop(found["id"], None)
    await announce(work, found["id"], found["order_id"], after)


async def lines_of_return(work: Work, return_id: str) -> list[Row]:
    """The return's lines with what the order line was sold for, in their order."""
    return await work.connection.fetch(
        "SELECT r.*, l.variant_id, l.title, l.net_minor, l.discount_minor, l.tax_minor, "
        "l.quantity AS sold, l.returned, l.tax_class, l.tax_rate "
        "FROM shop.return_lines r JOIN shop.order_lines l ON l.id = r.line_id "
        "WHERE r.return_id = $1 ORDER BY r.position, r.id",
        return_id,
    )


async def returnable_lines(work: Work, order_id: str) -> dict[str, Row]:
    """The order's lines by id, each with `arrived` and `announced` units and its product's category."""
    return {row["id"]: row for row in await returnable_rows(work.connection, order_id)}


async def returnable_rows(connection: Connection, order_id: str) -> list[Row]:
    """The same in the order of the lines, for whoever shows what can be sent back."""
    return await connection.fetch(_RETURNABLE, order_id, list(ANNOUNCED))


async def count_standing(work: Work, order_id: str) -> dict[str, int]:
    """How many returns and exchanges of an order stand."""
    rows = await work.connection.fetch(
        "SELECT kind, count(*) AS number FROM shop.returns "
        "WHERE order_id = $1 AND state = ANY ($2::text[]) GROUP BY kind",
        order_id,
        list(STANDING),
    )
    return {row["kind"]: row["number"] for row in rows}


_INSERT = """
WITH requested AS (
    INSERT INTO shop.returns (id, number, order_id, customer_id, kind, state, reason, instrument_id,
        price_difference_minor, requested_at, updated_at)
    VALUES ($1, 'R-' || nextval('shop.return_numbers'), $2, $3, $4, 'requested', $5, $6, $7, $8, $8)
    RETURNING number
), lines AS (
    INSERT INTO shop.return_lines SELECT * FROM jsonb_populate_recordset(NULL::shop.return_lines, $9::jsonb)
)
SELECT number FROM requested"""

_RETURNABLE = """
SELECT l.*, c.path AS category_path,
       coalesce((SELECT sum(sl.quantity) FROM shop.shipment_lines sl JOIN shop.shipments s ON s.id = sl.shipment_id
                 WHERE sl.line_id = l.id AND s.state = 'delivered'), 0)::integer AS arrived,
       coalesce((SELECT sum(rl.quantity) FROM shop.return_lines rl JOIN shop.returns r ON r.id = rl.return_id
                 WHERE rl.line_id = l.id AND r.state = ANY ($2::text[])), 0)::integer AS announced,
       (SELECT max(s.delivered_at) FROM shop.shipments s WHERE s.order_id = l.order_id AND s.state = 'delivered')
           AS delivered_at
FROM shop.order_lines l
JOIN shop.products p ON p.id = l.product_id
LEFT JOIN shop.categories c ON c.id = p.category_id
WHERE l.order_id = $1 ORDER BY l.position, l.id"""
