"""Amendments of orders: what was changed after they were placed, written down beside the change itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from bottega.actions.actor import Actor
from bottega.actions.work import Work
from bottega.platform.database.pool import Connection, Row

AmendmentKind = Literal["address", "items", "instrument"]
AmendmentState = Literal["pending", "done", "failed"]


class Amendment(BaseModel):
    """An amendment as it is shown; `difference_minor` is the new total minus the old."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: AmendmentKind
    state: AmendmentState
    instrument_id: str | None
    payment_id: str | None
    refund_ids: list[str]
    difference_minor: int
    lines: list[dict[str, Any]]
    amended_at: datetime


@dataclass(frozen=True, slots=True)
class NewAmendment:
    """An amendment to write down."""

    order_id: str
    kind: AmendmentKind
    instrument_id: str | None = None
    payment_id: str | None = None
    refund_ids: tuple[str, ...] = ()
    difference_minor: int = 0
    lines: Sequence[dict[str, Any]] = ()
    state: AmendmentState = "done"


class NewFigures(Protocol):
    """A line's figures after tax."""

    @property
    def net_minor(self) -> int: ...
    @property
    def discount_minor(self) -> int: ...
    @property
    def tax_minor(self) -> int: ...


class NewGoods(Protocol):
    """What a line becomes."""

    @property
    def variant_id(self) -> str: ...
    @property
    def product_id(self) -> str: ...
    @property
    def sku(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def option_values(self) -> dict[str, Any]: ...
    @property
    def quantity(self) -> int: ...
    @property
    def unit_price_minor(self) -> int: ...
    @property
    def tax_class(self) -> str: ...
    @property
    def weight_grams(self) -> int: ...


class LineChange(Protocol):
    """A line before and after."""

    @property
    def before(self) -> Row: ...
    @property
    def after(self) -> NewGoods | None: ...
    @property
    def tax(self) -> NewFigures: ...
    @property
    def rate(self) -> Decimal: ...


class NewSums(Protocol):
    """An order's lines that change, and what it comes to."""

    @property
    def lines(self) -> Sequence[LineChange]: ...
    @property
    def net_minor(self) -> int: ...
    @property
    def discount_minor(self) -> int: ...
    @property
    def tax_minor(self) -> int: ...
    @property
    def total_minor(self) -> int: ...


async def insert_amendment(work: Work, amendment: NewAmendment) -> str:
    """Writes an amendment down; returns its id."""
    amendment_id = work.new_id("amd")
    await work.connection.execute(
        "INSERT INTO shop.order_amendments (id, order_id, kind, state, instrument_id, payment_id, refund_ids, "
        "difference_minor, lines, amended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        amendment_id,
        amendment.order_id,
        amendment.kind,
        amendment.state,
        amendment.instrument_id,
        amendment.payment_id,
        list(amendment.refund_ids),
        amendment.difference_minor,
        list(amendment.lines),
        work.now,
    )
    return amendment_id


async def end_amendment(work: Work, payment_id: str, state: AmendmentState, refund_ids: Sequence[str]) -> None:
    """A pending amendment is done, or has failed, with the payment it opened."""
    await work.connection.execute(
        "UPDATE shop.order_amendments SET state = $2, refund_ids = $3 WHERE payment_id = $1 AND state = 'pending'",
        payment_id,
        state,
        list(refund_ids),
    )


async def write_amended_lines(work: Work, order_id: str, sums: NewSums) -> None:
    """Lines become what they become, the order's sums follow (I12), and the change of items is counted."""
    rows = [
        {
            "id": line.before["id"],
            "variant_id": line.after.variant_id,
            "product_id": line.after.product_id,
            "sku": line.after.sku,
            "title": line.after.title,
            "option_values": dict(line.after.option_values),
            "quantity": line.after.quantity,
            "unit_price_minor": line.after.unit_price_minor,
            "net_minor": line.tax.net_minor,
            "discount_minor": line.tax.discount_minor,
            "tax_minor": line.tax.tax_minor,
            "tax_rate": str(line.rate),
            "tax_class": line.after.tax_class,
            "weight_grams": line.after.weight_grams,
        }
        for line in sums.lines
        if line.after is not None
    ]
    await work.connection.execute(
        _WRITE,
        order_id,
        rows,
        [line.before["id"] for line in sums.lines if line.after is None],
        sums.net_minor,
        sums.discount_minor,
        sums.tax_minor,
        sums.total_minor,
        work.now,
    )
    work.loaded.pop(order_id, None)


async def list_amendments(connection: Connection, actor: Actor, order_id: str) -> list[Amendment]:
    """An order's amendments, oldest first; customers see those of their own orders only."""
    owner = None if actor.kind in ("staff", "system") else actor.customer_id or ""
    columns = ", ".join(f"a.{name}" for name in Amendment.model_fields)
    rows = await connection.fetch(
        f"SELECT {columns} FROM shop.order_amendments a JOIN shop.orders o ON o.id = a.order_id "
        "WHERE a.order_id = $1 AND ($2::text IS NULL OR o.customer_id = $2) ORDER BY a.amended_at, a.id LIMIT 200",
        order_id,
        owner,
    )
    return [Amendment(**dict(row)) for row in rows]


_WRITE = """
WITH changed AS (
    UPDATE shop.order_lines l SET variant_id = t.variant_id, product_id = t.product_id, sku = t.sku, title = t.title,
        option_values = t.option_values, quantity = t.quantity, unit_price_minor = t.unit_price_minor,
        net_minor = t.net_minor, discount_minor = t.discount_minor, tax_minor = t.tax_minor, tax_rate = t.tax_rate,
        tax_class = t.tax_class, weight_grams = t.weight_grams
    FROM jsonb_to_recordset($2::jsonb) AS t (
        id text, variant_id text, product_id text, sku text, title text, option_values jsonb, quantity int,
        unit_price_minor bigint, net_minor bigint, discount_minor bigint, tax_minor bigint, tax_rate numeric,
        tax_class text, weight_grams int)
    WHERE l.id = t.id AND l.order_id = $1
), removed AS (
    DELETE FROM shop.order_lines WHERE order_id = $1 AND id = ANY ($3::text[])
)
UPDATE shop.orders SET net_minor = $4, discount_minor = $5, tax_minor = $6, total_minor = $7,
    amendments = amendments + 1, version = version + 1, updated_at = $8
WHERE id = $1"""
