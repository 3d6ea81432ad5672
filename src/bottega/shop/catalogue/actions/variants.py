"""Variants: add many at once, change, withdraw and bring back."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import ProductId, VariantId
from bottega.shop.catalogue.errors import NoSuchProduct, NoSuchVariant, SkuTaken
from bottega.shop.catalogue.model import Barcode, NewVariant, OptionNames, OptionValues, Sku, WeightGrams
from bottega.shop.catalogue.options import check_options

MAXIMUM_VARIANTS = 500


class AddVariants(Action):
    """New variants of a product, after those it has."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    product_id: ProductId
    variants: Annotated[tuple[NewVariant, ...], Field(min_length=1, max_length=MAXIMUM_VARIANTS)]


class VariantChanges(Action):
    """The fields of a variant that may change; absent ones stay. `active` false withdraws it from sale."""

    sku: Sku | None = None
    option_values: OptionValues | None = None
    barcode: Barcode | None = None
    weight_grams: WeightGrams | None = None
    active: bool | None = None


class ChangeVariant(VariantChanges):
    """Changes the named fields of a variant."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    variant_id: VariantId


class OptionChanges(Action):
    """Option names, and the values of every variant under them by its id."""

    option_names: OptionNames
    values: Annotated[dict[VariantId, OptionValues], Field(max_length=MAXIMUM_VARIANTS)]


class ChangeOptions(OptionChanges):
    """Other options for a product, with the values of every variant under them."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    product_id: ProductId


async def added_facts(action: AddVariants, work: Work) -> Facts:
    """How many variants at once."""
    del work
    return {"rows_changed": len(action.variants)}


@handles(AddVariants, facts=added_facts, undoable=True)
async def add_variants(action: AddVariants, work: Work) -> dict[str, Any]:
    """Rows after those the product has; option values are checked against all siblings."""
    option_names, siblings = await _locked_options(work, action.product_id)
    fresh = [(variant.sku, variant.option_values) for variant in action.variants]
    check_options(option_names, [*((sku, values) for _, sku, values in siblings), *fresh])
    if len(siblings) + len(fresh) > MAXIMUM_VARIANTS:
        raise Invalid("too_many_variants", f"A product has at most {MAXIMUM_VARIANTS} variants.")
    variant_ids = await insert_variants(work, action.product_id, action.variants, first_position=len(siblings))
    return {"product_id": action.product_id, "variant_ids": variant_ids}


@handles(ChangeVariant, undoable=True)
async def change_variant(action: ChangeVariant, work: Work) -> dict[str, Any]:
    """One update of the named columns."""
    changes = {name: getattr(action, name) for name in sorted(action.model_fields_set - {"variant_id"}, key=str)}
    if not changes or None in changes.values():
        raise Invalid("nothing_changes", "No field is given a value.", next_step="Give the fields to change.")
    product_id: str | None = await work.connection.fetchval(
        "SELECT product_id FROM shop.variants WHERE id = $1", action.variant_id
    )
    if product_id is None:
        raise NoSuchVariant(action.variant_id)
    option_names, siblings = await _locked_options(work, product_id)
    if action.option_values is not None:
        chosen = action.option_values
        changed = [(sku, chosen if id_ == action.variant_id else values) for id_, sku, values in siblings]
        check_options(option_names, changed)
    columns = ", ".join(f"{name} = ${index}" for index, name in enumerate(changes, start=2))
    try:
        await work.connection.execute(
            f"UPDATE shop.variants SET {columns} WHERE id = $1", action.variant_id, *changes.values()
        )
    except asyncpg.UniqueViolationError as error:
        raise SkuTaken(action.sku or "") from error
    return {"product_id": product_id, "variant_id": action.variant_id, "changed": list(changes)}


@handles(ChangeOptions, undoable=True)
async def change_options(action: ChangeOptions, work: Work) -> dict[str, Any]:
    """The product's option names and every variant's values, together."""
    _, siblings = await _locked_options(work, action.product_id)
    known = {variant_id for variant_id, _, _ in siblings}
    if set(action.values) != known:
        raise Invalid(
            "variants_incomplete",
            "Values must be given for every variant of the product.",
            next_step="See its variants.",
        )
    check_options(action.option_names, [(sku, action.values[variant_id]) for variant_id, sku, _ in siblings])
    await work.connection.execute(
        "UPDATE shop.products SET option_names = $2, version = version + 1, updated_at = $3 WHERE id = $1",
        action.product_id,
        list(action.option_names),
        work.now,
    )
    await work.connection.execute(
        "UPDATE shop.variants v SET option_values = t.option_values "
        "FROM unnest($1::text[], $2::jsonb[]) AS t (id, option_values) WHERE v.id = t.id",
        list(action.values),
        list(action.values.values()),
    )
    return {"product_id": action.product_id, "option_names": list(action.option_names)}


async def insert_variants(
    work: Work, product_id: str, variants: Sequence[NewVariant], *, first_position: int
) -> list[str]:
    """Rows for variants; returns their ids. Raises `SkuTaken`."""
    variant_ids = [work.new_id("var") for _ in variants]
    try:
        await work.connection.execute(
            _INSERT,
            product_id,
            first_position,
            work.now,
            variant_ids,
            [variant.sku for variant in variants],
            [variant.option_values for variant in variants],
            [variant.barcode for variant in variants],
            [variant.weight_grams for variant in variants],
            [variant.source_id for variant in variants],
        )
    except asyncpg.UniqueViolationError as error:
        sku = (error.detail or "").partition("=(")[2].partition(")")[0]
        raise SkuTaken(sku) from error
    return variant_ids


async def _locked_options(work: Work, product_id: str) -> tuple[list[str], list[tuple[str, str, dict[str, str]]]]:
    """The product's option names and its variants as (id, sku, option values); the product's row is locked."""
    option_names: list[str] | None = await work.connection.fetchval(
        "SELECT option_names FROM shop.products WHERE id = $1 FOR UPDATE", product_id
    )
    if option_names is None:
        raise NoSuchProduct(product_id)
    rows = await work.connection.fetch(
        "SELECT id, sku, option_values FROM shop.variants WHERE product_id = $1 ORDER BY position, id", product_id
    )
    return option_names, [(row["id"], row["sku"], row["option_values"]) for row in rows]


_INSERT = """
INSERT INTO shop.variants (
    id, product_id, sku, option_values, barcode, weight_grams, source_id, position, created_at)
SELECT t.id, $1, t.sku, t.option_values, t.barcode, t.weight_grams, t.source_id, $2 + t.number - 1, $3
FROM unnest($4::text[], $5::text[], $6::jsonb[], $7::text[], $8::integer[], $9::text[])
    WITH ORDINALITY AS t (id, sku, option_values, barcode, weight_grams, source_id, number)"""
