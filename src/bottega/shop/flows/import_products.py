"""Products from another system: catalogue, prices and first stock of many products in one action."""

from collections import defaultdict
from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict, Invalid
from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.catalogue.upsert import Upserted, upsert_products
from bottega.shop.prices.actions import PriceRow, write_price_rows
from bottega.shop.prices.change import PriceMove, facts_of
from bottega.shop.stock.actions.goods import MAXIMUM_RECEIPT_LINES, ReceiptLine, ReceiveStock, receive_stock
from bottega.shop.stock.actions.locations import CreateLocation, create_location

MAXIMUM_PRODUCTS = 200


class UpsertProducts(Action):
    """Creates or updates products with variants, prices, first stock, media and collections.

    Stock is received for variants that are new; later imports leave it alone. With `all_or_nothing` one record that
    cannot go in refuses all of them. Rejections name `row_numbers` where they are given, else the place from 0.
    """

    groups: ClassVar[tuple[str, ...]] = ("imports",)
    products: Annotated[tuple[ProductRecord, ...], Field(min_length=1, max_length=MAXIMUM_PRODUCTS)]
    row_numbers: Annotated[tuple[int, ...], Field(max_length=MAXIMUM_PRODUCTS)] = ()
    reference: Annotated[str, Field(max_length=100)] = "import"
    all_or_nothing: bool = False


async def upsert_facts(action: UpsertProducts, work: Work) -> Facts:
    """How many products, and the largest move among the prices that stand."""
    lines = [
        (variant.sku, currency, amount, variant.costs.get(currency))
        for product in action.products
        for variant in product.variants
        for currency, amount in variant.prices.items()
    ]
    rows = await work.connection.fetch(
        "SELECT v.sku, p.currency, p.amount_minor, p.cost_minor FROM shop.variants v "
        "JOIN shop.prices p ON p.variant_id = v.id WHERE v.sku = ANY ($1::text[])",
        sorted({sku for sku, _, _, _ in lines}),
    )
    present = {(row["sku"], row["currency"]): row for row in rows}
    moves: list[PriceMove] = []
    for sku, currency, amount, cost in lines:
        row = present.get((sku, currency))
        known_cost = None if row is None else row["cost_minor"]
        moves.append(
            PriceMove(None if row is None else row["amount_minor"], amount, known_cost if cost is None else cost)
        )
    return {**facts_of(moves), "rows_changed": len(action.products)}


@handles(UpsertProducts, facts=upsert_facts)
async def upsert(action: UpsertProducts, work: Work) -> dict[str, Any]:
    """The catalogue first, then prices, then the goods of new variants."""
    if action.row_numbers and len(action.row_numbers) != len(action.products):
        raise Invalid("row_numbers", "There must be one row number per product.", next_step="Leave them out.")
    try:
        done = await upsert_products(work, action.products)
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            "catalogue_changed", "The catalogue was changed at the same moment.", next_step="Try again."
        ) from error
    numbers = action.row_numbers or range(len(action.products))
    rejections = [{"row": numbers[r.row], "field": r.field, "reason": r.reason} for r in done.rejections]
    if action.all_or_nothing and rejections:
        raise refusal_of(rejections)
    priced = await write_price_rows(work, _price_rows(done))
    done.changed |= {done.product_of[variant_id] for variant_id in priced} - done.created
    await _receive(work, action, done)
    accepted = len(action.products) - len(done.rejections)
    return {
        "created": len(done.created),
        "updated": len(done.changed),
        "unchanged": accepted - len(done.created) - len(done.changed),
        "rejections": rejections,
        "product_ids": done.product_ids,
    }


def refusal_of(rejections: list[dict[str, Any]]) -> Conflict:
    """All of them in one refusal, for `all_or_nothing`."""
    first = rejections[0]
    return Conflict(
        "records_rejected",
        f"{len(rejections)} records cannot go in; the first: {first['field']}: {first['reason']}.",
        next_step="Correct the named rows, or import without all_or_nothing.",
        rejections=rejections,
    )


def _price_rows(done: Upserted) -> list[PriceRow]:
    return [
        PriceRow(
            variant_id,
            currency,
            amount,
            variant.costs.get(currency),
            keeps_sale=currency not in variant.sales,
            sale_amount_minor=None if sale is None else sale.amount_minor,
            sale_starts_at=None if sale is None else sale.starts_at,
            sale_ends_at=None if sale is None else sale.ends_at,
        )
        for variant_id, variant, _ in done.variants
        for currency, amount in variant.prices.items()
        for sale in (variant.sales.get(currency),)
    ]


async def _receive(work: Work, action: UpsertProducts, done: Upserted) -> None:
    arriving: dict[str, list[ReceiptLine]] = defaultdict(list)
    for variant_id, variant, is_new in done.variants:
        for location, units in variant.stock.items():
            if is_new and units > 0:
                arriving[location].append(ReceiptLine(variant_id=variant_id, quantity=units))
    if not arriving:
        return
    location_ids = await _locations(work, sorted(arriving))
    for location, lines in sorted(arriving.items()):
        for start in range(0, len(lines), MAXIMUM_RECEIPT_LINES):
            delivery = tuple(lines[start : start + MAXIMUM_RECEIPT_LINES])
            await receive_stock(
                ReceiveStock(location_id=location_ids[location], lines=delivery, reference=action.reference), work
            )


async def _locations(work: Work, handles_wanted: list[str]) -> dict[str, str]:
    """Location ids by handle; those that do not exist yet are made."""
    rows = await work.connection.fetch(
        "SELECT handle, id FROM shop.locations WHERE handle = ANY ($1::text[])", handles_wanted
    )
    known: dict[str, str] = {row["handle"]: row["id"] for row in rows}
    for handle in handles_wanted:
        if handle not in known:
            made = await create_location(CreateLocation(handle=handle, name=handle.replace("-", " ").title()), work)
            known[handle] = made["location_id"]
    return known
