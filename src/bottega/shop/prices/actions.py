"""The changes of prices: set, change, put on sale; one variant or many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import VariantId
from bottega.kernel.money import LARGEST_AMOUNT_MINOR, check_currency
from bottega.platform.database.pool import Row
from bottega.shop.prices.change import PriceMove, facts_of
from bottega.shop.prices.errors import NoSuchPrice, NoSuchVariant, PriceChanged, SaleNotBelowPrice

MAXIMUM_PRICES_AT_ONCE = 1_000

Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["EUR"])]
AmountMinor = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT_MINOR, examples=[18900])]


class PriceLine(BaseModel):
    """A price to set, in minor units; without `cost_minor` the known cost stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant_id: VariantId
    currency: Currency
    amount_minor: AmountMinor
    cost_minor: AmountMinor | None = None


class SetPrice(Action):
    """The price of a variant in a currency, whether it had one or not."""

    groups: ClassVar[tuple[str, ...]] = ("prices",)
    variant_id: VariantId
    currency: Currency
    amount_minor: AmountMinor
    cost_minor: AmountMinor | None = None


class ChangePrice(Action):
    """Another amount for a price that exists; `expected_amount_minor` is what the caller saw."""

    groups: ClassVar[tuple[str, ...]] = ("prices",)
    variant_id: VariantId
    currency: Currency
    amount_minor: AmountMinor
    expected_amount_minor: AmountMinor | None = None


class SetPrices(Action):
    """Many prices at once; all of them or none."""

    groups: ClassVar[tuple[str, ...]] = ("prices",)
    prices: Annotated[tuple[PriceLine, ...], Field(min_length=1, max_length=MAXIMUM_PRICES_AT_ONCE)]


class SetSalePrice(Action):
    """A lower price between two instants; an absent one means no bound on that side."""

    groups: ClassVar[tuple[str, ...]] = ("prices",)
    variant_id: VariantId
    currency: Currency
    sale_amount_minor: AmountMinor
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None


class EndSale(Action):
    """The ordinary price holds again at once."""

    groups: ClassVar[tuple[str, ...]] = ("prices",)
    variant_id: VariantId
    currency: Currency


async def set_price_facts(action: SetPrice, work: Work) -> Facts:
    """How far the price moves from the one that stands."""
    return await _facts(work, [PriceLine.model_validate(action.model_dump())])


async def change_price_facts(action: ChangePrice, work: Work) -> Facts:
    """The same for a price that exists."""
    line = PriceLine(variant_id=action.variant_id, currency=action.currency, amount_minor=action.amount_minor)
    return await _facts(work, [line])


async def set_prices_facts(action: SetPrices, work: Work) -> Facts:
    """The largest move among all of them."""
    return await _facts(work, action.prices)


async def sale_facts(action: SetSalePrice, work: Work) -> Facts:
    """How far the sale price lies below the ordinary one."""
    line = PriceLine(variant_id=action.variant_id, currency=action.currency, amount_minor=action.sale_amount_minor)
    return await _facts(work, [line])


@handles(SetPrice, facts=set_price_facts, undoable=True)
async def set_price(action: SetPrice, work: Work) -> dict[str, Any]:
    """Inserts or replaces the row."""
    line = PriceLine.model_validate(action.model_dump())
    await write_prices(work, [line])
    return {"variant_id": action.variant_id, "currency": action.currency, "amount_minor": action.amount_minor}


@handles(ChangePrice, facts=change_price_facts, undoable=True)
async def change_price(action: ChangePrice, work: Work) -> dict[str, Any]:
    """Replaces the amount of the row that policy was asked about."""
    price = _loaded(work, action.variant_id, action.currency)
    expected = action.expected_amount_minor
    if expected is not None and price["amount_minor"] != expected:
        raise PriceChanged(action.variant_id, expected, price["amount_minor"])
    line = PriceLine(variant_id=action.variant_id, currency=action.currency, amount_minor=action.amount_minor)
    await write_prices(work, [line])
    return {
        "variant_id": action.variant_id,
        "currency": action.currency,
        "amount_minor": action.amount_minor,
        "before_minor": price["amount_minor"],
    }


@handles(SetPrices, facts=set_prices_facts, undoable=True)
async def set_prices(action: SetPrices, work: Work) -> dict[str, Any]:
    """One statement for all rows."""
    pairs = {(line.variant_id, line.currency) for line in action.prices}
    if len(pairs) != len(action.prices):
        raise Invalid("price_twice", "A variant's price is given twice.", next_step="Give each once per currency.")
    changed = await write_prices(work, action.prices)
    return {"changed": len(changed), "unchanged": len(action.prices) - len(changed)}


@handles(SetSalePrice, facts=sale_facts, undoable=True)
async def set_sale_price(action: SetSalePrice, work: Work) -> dict[str, Any]:
    """Writes amount and dates onto the price's row."""
    check_sale_dates(action.starts_at, action.ends_at)
    price = _loaded(work, action.variant_id, action.currency)
    if action.sale_amount_minor >= price["amount_minor"]:
        raise SaleNotBelowPrice(action.sale_amount_minor, price["amount_minor"])
    await work.connection.execute(
        "UPDATE shop.prices SET sale_amount_minor = $2, sale_starts_at = $3, sale_ends_at = $4, version = version + 1 "
        "WHERE id = $1",
        price["id"],
        action.sale_amount_minor,
        action.starts_at,
        action.ends_at,
    )
    return {
        "variant_id": action.variant_id,
        "currency": action.currency,
        "sale_amount_minor": action.sale_amount_minor,
    }


@handles(EndSale, undoable=True)
async def end_sale(action: EndSale, work: Work) -> dict[str, Any]:
    """Clears amount and dates; refuses when the price has no sale."""
    price = (await _lock(work, [(action.variant_id, action.currency)])).get((action.variant_id, action.currency))
    if price is None:
        raise NoSuchPrice(action.variant_id, action.currency)
    if price["sale_amount_minor"] is None:
        raise Invalid("no_sale", "This price has no sale.", next_step="There is nothing to end.")
    await work.connection.execute(
        "UPDATE shop.prices SET sale_amount_minor = NULL, sale_starts_at = NULL, sale_ends_at = NULL, "
        "version = version + 1 WHERE id = $1",
        price["id"],
    )
    return {"variant_id": action.variant_id, "currency": action.currency, "amount_minor": price["amount_minor"]}


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price as it is to stand; with `keeps_sale` the sale that is there stays as long as it is lower."""

    variant_id: str
    currency: str
    amount_minor: int
    cost_minor: int | None = None
    keeps_sale: bool = True
    sale_amount_minor: int | None = None
    sale_starts_at: datetime | None = None
    sale_ends_at: datetime | None = None


async def write_prices(work: Work, lines: Sequence[PriceLine]) -> set[str]:
    """Inserts or replaces prices and keeps their sales; returns the variants of which something changed."""
    return await write_price_rows(
        work, [PriceRow(line.variant_id, line.currency, line.amount_minor, line.cost_minor) for line in lines]
    )


async def write_price_rows(work: Work, rows: Sequence[PriceRow]) -> set[str]:
    """Inserts or replaces rows in one statement; returns the variants of which something changed.

    A price that falls to its sale price or below ends the sale; no cost given keeps the known one. Raises
    `NoSuchVariant`.
    """
    if not rows:
        return set()
    for currency in {row.currency for row in rows}:
        check_currency(currency)
    ordered = sorted(rows, key=lambda row: (row.variant_id, row.currency))
    try:
        changed = await work.connection.fetch(
            _WRITE,
            [work.new_id("prc") for _ in ordered],
            [row.variant_id for row in ordered],
            [row.currency for row in ordered],
            [row.amount_minor for row in ordered],
            [row.cost_minor for row in ordered],
            [row.keeps_sale for row in ordered],
            [row.sale_amount_minor for row in ordered],
            [row.sale_starts_at for row in ordered],
            [row.sale_ends_at for row in ordered],
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise NoSuchVariant((error.detail or "").partition("=(")[2].partition(")")[0]) from error
    return {row["variant_id"] for row in changed}


def check_sale_dates(starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Refuses a sale that ends before it starts."""
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise Invalid("sale_dates", "The sale ends before it starts.", next_step="Give a later end.")


async def _facts(work: Work, lines: Sequence[PriceLine]) -> Facts:
    """Locks the prices that stand, in one order, and keeps them for the handler."""
    present = await _lock(work, [(line.variant_id, line.currency) for line in lines])
    work.loaded["prices"] = present
    moves: list[PriceMove] = []
    for line in lines:
        row = present.get((line.variant_id, line.currency))
        known_cost = None if row is None else row["cost_minor"]
        cost = known_cost if line.cost_minor is None else line.cost_minor
        moves.append(PriceMove(None if row is None else row["amount_minor"], line.amount_minor, cost))
    return facts_of(moves)


async def _lock(work: Work, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], Row]:
    rows = await work.connection.fetch(
        "SELECT p.* FROM shop.prices p "
        "JOIN unnest($1::text[], $2::text[]) AS t (variant_id, currency) USING (variant_id, currency) "
        "ORDER BY p.variant_id, p.currency FOR UPDATE OF p",
        [variant_id for variant_id, _ in pairs],
        [currency for _, currency in pairs],
    )
    return {(row["variant_id"], row["currency"]): row for row in rows}


def _loaded(work: Work, variant_id: str, currency: str) -> Row:
    row = work.loaded["prices"].get((variant_id, currency))
    if row is None:
        raise NoSuchPrice(variant_id, currency)
    return row


# What is given beside what stands there; the row is left alone when that changes nothing.
_WRITE = """
WITH given AS (
    SELECT t.id, t.variant_id, t.currency, t.amount_minor, coalesce(t.cost_minor, p.cost_minor) AS cost_minor,
           CASE WHEN NOT t.keeps_sale THEN t.sale_amount_minor
                WHEN p.sale_amount_minor < t.amount_minor THEN p.sale_amount_minor END AS sale_amount_minor,
           CASE WHEN NOT t.keeps_sale THEN t.sale_starts_at
                WHEN p.sale_amount_minor < t.amount_minor THEN p.sale_starts_at END AS sale_starts_at,
           CASE WHEN NOT t.keeps_sale THEN t.sale_ends_at
                WHEN p.sale_amount_minor < t.amount_minor THEN p.sale_ends_at END AS sale_ends_at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[], $7::bigint[],
                $8::timestamptz[], $9::timestamptz[])
        AS t (id, variant_id, currency, amount_minor, cost_minor, keeps_sale, sale_amount_minor, sale_starts_at,
              sale_ends_at)
    LEFT JOIN shop.prices p USING (variant_id, currency))
INSERT INTO shop.prices AS p (
    id, variant_id, currency, amount_minor, cost_minor, sale_amount_minor, sale_starts_at, sale_ends_at)
SELECT * FROM given ORDER BY variant_id, currency
ON CONFLICT (variant_id, currency) DO UPDATE SET
    amount_minor = excluded.amount_minor, cost_minor = excluded.cost_minor,
    sale_amount_minor = excluded.sale_amount_minor, sale_starts_at = excluded.sale_starts_at,
    sale_ends_at = excluded.sale_ends_at, version = p.version + 1
WHERE (p.amount_minor, p.cost_minor, p.sale_amount_minor, p.sale_starts_at, p.sale_ends_at)
    IS DISTINCT FROM (excluded.amount_minor, excluded.cost_minor, excluded.sale_amount_minor,
                      excluded.sale_starts_at, excluded.sale_ends_at)
RETURNING p.variant_id"""
