"""How the shop stands, read by SQL: carts, orders, returns, tickets, and which tables a conversation changed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tests.conversations.form import End, Line, OrderState, Placed, Returned, ReturnedLine, Tickets, filled

CART_TABLES = frozenset({"shop.carts", "shop.cart_lines"})
AREAS = {
    "orders": {
        *(
            "customers",
            "orders",
            "order_lines",
            "order_notes",
            "order_amendments",
            "reservations",
            "stock_levels",
            "stock_movements",
        ),
        *("payments", "refunds", "ledger_postings", "promotions", "promotion_uses", "gift_cards", "instruments"),
    },
    "returns": {"returns", "return_lines", "reservations", "stock_levels", "stock_movements"},
    "tickets": {"tickets", "ticket_messages"},
    "account": {"customers", "addresses", "instruments"},
}
"""Which tables change when something of an area does."""
HOUSEKEEPING = ["ExpireCarts", "ExpireOrder", "ExpireApprovals", "EscalateOverdue"]
"""What schedules do by themselves, whoever talks meanwhile."""


@dataclass(slots=True)
class ShopState:
    """The shop as one conversation sees it; `customer_id` is the account's or the guest's.

    `start` is where the log ended before the first word.
    """

    connection: asyncpg.Connection
    customer_id: str
    email: str | None
    start: int = 0
    own_orders: set[str] = field(default_factory=set[str])

    async def begin(self) -> None:
        """Notes where the log ends and which orders are the customer's."""
        self.start = await self.log_end()
        await self.learn_orders()

    async def learn_orders(self) -> None:
        """Orders of the customer, also those that have just been placed."""
        rows = await self.connection.fetch("SELECT number FROM shop.orders WHERE customer_id = $1", self.customer_id)
        self.own_orders |= {row["number"] for row in rows}

    async def log_end(self) -> int:
        """The number of the last entry."""
        return await self.connection.fetchval("SELECT coalesce(max(sequence), 0) FROM log.entries")

    async def changed_tables(self, since: int) -> set[str]:
        """Tables of the shop, carts apart, of which a row changed."""
        rows = await self.connection.fetch(
            """SELECT DISTINCT c.table_name FROM log.changes c JOIN log.entries e ON e.id = c.entry_id
               WHERE e.sequence > $1 AND c.table_name LIKE 'shop.%' AND e.action <> ALL($2::text[])""",
            since,
            HOUSEKEEPING,
        )
        return {row["table_name"] for row in rows} - CART_TABLES

    async def made(self, table: str) -> list[str]:
        """Ids of the rows that came into a table since the first word, oldest first."""
        rows = await self.connection.fetch(
            """SELECT c.row_key FROM log.changes c JOIN log.entries e ON e.id = c.entry_id
               WHERE e.sequence > $1 AND c.table_name = 'shop.' || $2 AND c.operation = 'insert'
               ORDER BY e.sequence, c.id""",
            self.start,
            table,
        )
        return [row["row_key"] for row in rows]

    async def cart_lines(self) -> dict[str, int]:
        """What lies in the customer's open carts."""
        rows = await self.connection.fetch(
            """SELECT v.sku, sum(l.quantity)::int AS quantity FROM shop.carts c
               JOIN shop.cart_lines l ON l.cart_id = c.id JOIN shop.variants v ON v.id = l.variant_id
               WHERE c.customer_id = $1 AND c.state = 'open' GROUP BY v.sku""",
            self.customer_id,
        )
        return {row["sku"]: row["quantity"] for row in rows}

    async def differing_coupon(self, expected: str | None) -> list[str]:
        """What is wrong with the coupon of the newest open cart; an empty text expects none."""
        held: str | None = await self.connection.fetchval(
            "SELECT coupon_code FROM shop.carts WHERE customer_id = $1 AND state = 'open' ORDER BY id DESC LIMIT 1",
            self.customer_id,
        )
        wrong = expected is not None and (held or "") != expected
        return [f"the cart has the coupon {held or 'none'}, expected {expected or 'none'}"] if wrong else []

    async def order(self, where: str, value: str) -> dict[str, Any] | None:
        """An order by `id` or `number`, with what it holds and what was paid."""
        row = await self.connection.fetchrow(
            f"""SELECT o.number, o.status, o.payment_status, o.fulfilment_status, o.total_minor, o.coupon_code,
                       lower(vault.reveal(coalesce(o.email_ref, c.email_ref))) AS email, m.name AS shipping,
                       vault.reveal(o.shipping_address_ref) AS address,
                       (SELECT coalesce(sum(amount_minor), 0)::bigint FROM shop.refunds r
                        WHERE r.order_id = o.id AND r.status <> 'failed') AS refunded_minor,
                       (SELECT array_agg(DISTINCT CASE WHEN p.instrument_id IS NULL THEN p.kind ELSE 'stored_card' END)
                        FROM shop.payments p
                        WHERE p.order_id = o.id AND p.status NOT IN ('declined', 'voided')) AS paid_with,
                       (SELECT json_object_agg(sku, quantity) FROM (
                          SELECT sku, sum(quantity - cancelled) AS quantity FROM shop.order_lines l
                          WHERE l.order_id = o.id AND (l.quantity > l.cancelled OR o.status = 'cancelled')
                          GROUP BY sku) s) AS lines
                FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id
                LEFT JOIN shop.shipping_methods m ON m.id = o.shipping_method_id WHERE o.{where} = $1""",
            value,
        )
        return {**row, "lines": _object(row["lines"]), "address": _object(row["address"])} if row else None

    async def returned(self, return_id: str) -> dict[str, Any]:
        """A return with its lines."""
        row = await self.connection.fetchrow(
            """SELECT r.number, r.kind, r.state, o.number AS order_number,
                      array_agg(DISTINCT lower(replace(coalesce(nullif(t.reason, ''), r.reason), ' ', '_'))) AS reasons,
                      json_agg(json_build_array(l.sku, t.quantity, v.sku) ORDER BY l.sku) AS lines
               FROM shop.returns r JOIN shop.orders o ON o.id = r.order_id
               JOIN shop.return_lines t ON t.return_id = r.id
               JOIN shop.order_lines l ON l.id = t.line_id LEFT JOIN shop.variants v ON v.id = t.new_variant_id
               WHERE r.id = $1 GROUP BY r.id, o.number""",
            return_id,
        )
        return {**(row or {}), "lines": json.loads(row["lines"]) if row else []}

    async def tickets(self) -> list[str | None]:
        """The order, if any, that each new ticket is about."""
        rows = await self.connection.fetch(
            """SELECT o.number FROM shop.tickets t
               LEFT JOIN shop.orders o ON o.id = t.order_id WHERE t.id = ANY($1::text[])""",
            await self.made("tickets"),
        )
        return [row["number"] for row in rows]


async def check_end(end: End, shop: ShopState, names: Mapping[str, str], handed_over: bool) -> list[str]:
    """Differences between how the shop should stand after a conversation and how it does."""
    known = dict(names)
    found = await _check_placed(end.placed or (), shop)
    for number, expected in end.orders.items():
        found += await _check_order(filled(number, known), expected, shop)
    found += await _check_returns(end.returns or (), shop, known)
    found += _check_tickets(end.tickets, await shop.tickets(), known)
    if end.cart is not None:
        found += differing_lines("the cart", end.cart, await shop.cart_lines())
    found += await shop.differing_coupon(end.coupon)
    if end.handed_over is not None and end.handed_over != handed_over:
        found.append("was handed over to a person" if handed_over else "was not handed over to a person")
    strays = await shop.changed_tables(since=shop.start) - _may_change(end)
    return found + [f"{table} changed, and nothing there should" for table in sorted(strays)]


def differing_lines(what: str, expected: Iterable[Line], held: Mapping[str, int]) -> list[str]:
    """One sentence for lines that are not exactly as expected."""
    wanted: dict[str, int] = {}
    for line in expected:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return [] if wanted == dict(held) else [f"{what} holds {_listed(held)}, expected {_listed(wanted)}"]


def _may_change(end: End) -> set[str]:
    named = {
        "orders": end.placed or end.orders,
        "returns": end.returns,
        "tickets": end.tickets or end.handed_over,
    }
    areas = {area for area, expected in named.items() if expected} | set(end.also_may_change)
    return {f"shop.{table}" for area in areas for table in AREAS[area]}


async def _check_placed(expected: Sequence[Placed], shop: ShopState) -> list[str]:
    made = [order for key in await shop.made("orders") if (order := await shop.order("id", key))]
    if len(made) != len(expected):
        listed = "; ".join(f"{order['number']}: {_listed(order['lines'])}" for order in made) or "none"
        return [f"{len(made)} orders were placed, expected {len(expected)} ({listed})"]
    found: list[str] = []
    for order, wanted in zip(made, expected, strict=True):
        what = f"order {order['number']}"
        found += differing_lines(what, wanted.lines, order["lines"])
        for name, value in (("status", wanted.status), ("payment_status", wanted.payment_status)):
            found += _differs(what, name, value, order[name])
        for name, value in (("total_minor", wanted.total_minor), ("shipping", wanted.shipping)):
            found += _differs(what, name, () if value is None else (value,), order[name])
        found += _differs(what, "coupon_code", () if wanted.coupon is None else (wanted.coupon,), order["coupon_code"])
        email = wanted.email or shop.email
        found += _differs(what, "email", () if email is None else (email.lower(),), order["email"])
        if wanted.paid_with is not None and wanted.paid_with not in (order["paid_with"] or []):
            found.append(f"{what} is paid with {order['paid_with']}, expected {wanted.paid_with}")
        found += _differing_address(what, wanted.address, order["address"])
    return found


async def _check_order(number: str, expected: OrderState, shop: ShopState) -> list[str]:
    order = await shop.order("number", number)
    if order is None:
        return [f"there is no order {number}"]
    what = f"order {number}"
    found: list[str] = _differs(what, "payment_status", expected.payment_status, order["payment_status"])
    for name in ("status", "fulfilment_status", "total_minor", "refunded_minor"):
        value = getattr(expected, name)
        found += _differs(what, name, () if value is None else (value,), order[name])
    if expected.lines is not None:
        found += differing_lines(what, expected.lines, order["lines"])
    return found + _differing_address(what, expected.address, order["address"])


async def _check_returns(expected: Sequence[Returned], shop: ShopState, names: dict[str, str]) -> list[str]:
    made = [await shop.returned(key) for key in await shop.made("returns")]
    if len(made) != len(expected):
        listed = "; ".join(f"{one['number']}: {one['kind']} of {one['lines']}" for one in made) or "none"
        return [f"{len(made)} returns were requested, expected {len(expected)} ({listed})"]
    found: list[str] = []
    for one, wanted in zip(made, expected, strict=True):
        what = f"return {one['number']}"
        found += _differs(what, "order", (filled(wanted.order, names),), one["order_number"])
        found += _differs(what, "kind", (wanted.kind,), one["kind"])
        found += _differs(what, "state", wanted.state, one["state"])
        lines = sorted(_written(line) for line in wanted.lines)
        if sorted(one["lines"], key=str) != sorted(lines, key=str):
            found.append(f"{what} holds {one['lines']}, expected {lines}")
        if wanted.reason and not set(one["reasons"]) & set(wanted.reason):
            found.append(f"{what} has the reason {', '.join(one['reasons'])}, expected {' or '.join(wanted.reason)}")
    return found


def _check_tickets(expected: Tickets | None, made: list[str | None], names: dict[str, str]) -> list[str]:
    if expected is None:
        return []
    found: list[str] = []
    if len(made) < expected.min or (expected.max is not None and len(made) > expected.max):
        found.append(f"{len(made)} tickets were opened, expected {expected.min} to {expected.max}")
    if expected.order is not None and made and filled(expected.order, names) not in made:
        found.append(f"the ticket is about {made[0]}, expected {filled(expected.order, names)}")
    return found


def _differs(what: str, name: str, expected: tuple[Any, ...], held: Any) -> list[str]:
    if not expected or held in expected:
        return []
    return [f"{what} has {name} {held}, expected {' or '.join(str(value) for value in expected)}"]


def _differing_address(what: str, expected: Mapping[str, str], held: Mapping[str, Any]) -> list[str]:
    wrong = {
        name: held.get(name) for name, value in expected.items() if str(held.get(name)).casefold() != value.casefold()
    }
    return [f"{what} goes to {name} {value!r}, expected {expected[name]!r}" for name, value in wrong.items()]


def _written(line: ReturnedLine) -> list[Any]:
    return [line.sku, line.quantity, line.new_sku]


def _listed(lines: Mapping[str, int]) -> str:
    return ", ".join(f"{quantity} × {sku}" for sku, quantity in sorted(lines.items())) or "nothing"


def _object(value: Any) -> dict[str, Any]:
    return json.loads(value) if isinstance(value, str) else value or {}
