"""Many products at once from another system: matched, checked, and written in a few statements over sets."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from bottega.actions.work import Work
from bottega.kernel.errors import Refusal
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Connection, Row
from bottega.shop.catalogue import upsert_attachments
from bottega.shop.catalogue.actions.categories import ensure_categories
from bottega.shop.catalogue.options import check_options
from bottega.shop.catalogue.product_record import ProductRecord, VariantRecord


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one record does not go in; `row` counts from 0 within the records given."""

    row: int
    field: str
    reason: str


@dataclass(slots=True)
class Upserted:
    """What became of the records: product ids in their order (none for a rejected one) and what is new or changed."""

    product_ids: list[str | None]
    created: set[str] = field(default_factory=set[str])
    changed: set[str] = field(default_factory=set[str])
    # Id, record, whether it is new.
    variants: list[tuple[str, VariantRecord, bool]] = field(default_factory=list[tuple[str, VariantRecord, bool]])
    product_of: dict[str, str] = field(default_factory=dict[str, str])
    rejections: list[Rejection] = field(default_factory=list[Rejection])


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database holds of the products and SKUs that the records name."""

    by_source: dict[tuple[str, str], Row]
    by_handle: dict[str, Row]
    variants: dict[str, Row]
    siblings: dict[str, list[Row]]

    def match(self, record: ProductRecord) -> Row | None:
        if record.source:
            return self.by_source.get((record.source, record.source_id))
        return self.by_handle.get(record.handle)


async def upsert_products(work: Work, records: Sequence[ProductRecord]) -> Upserted:
    """Creates and updates products, variants, categories, media and collections; the flow adds prices and stock.

    A record that contradicts what is there (a handle or SKU of another product) is rejected, the others go in. Variants
    and collections that a record does not name stay as they are.
    """
    # One import at a time: two that name the same new product would collide. Plans are made for the tables as they
    # are, because a plan made when they were empty reads all of them for every batch.
    await work.connection.execute(
        "SELECT pg_advisory_xact_lock(hashtext('bottega.upsert_products')), "
        "set_config('plan_cache_mode', 'force_custom_plan', true)"
    )
    # Locked in the order of their ids, so that imports and changes of single products do not deadlock.
    await work.connection.execute(f"{_PRODUCTS} ORDER BY id FOR UPDATE", *_named(records))
    known = await _known(work.connection, records)
    result = Upserted([None] * len(records))
    accepted = _accept(records, known, result)
    category_ids = await ensure_categories(work, {r.category: "" for _, r in accepted if r.category is not None})
    await _write_products(work, accepted, category_ids, result)
    await _write_variants(work, accepted, known, result)
    existing = {product_id for product_id, _ in accepted} - result.created
    result.changed |= await upsert_attachments.write_media(work, accepted, existing)
    result.changed |= await upsert_attachments.write_collections(work, accepted)
    result.changed -= result.created
    return result


async def _known(connection: Connection, records: Sequence[ProductRecord]) -> _Known:
    products = await connection.fetch(_PRODUCTS, *_named(records))
    variants = await connection.fetch(
        _VARIANTS,
        [variant.sku for record in records for variant in record.variants],
        [row["id"] for row in products],
    )
    siblings: dict[str, list[Row]] = {}
    for row in variants:
        siblings.setdefault(row["product_id"], []).append(row)
    return _Known(
        {(row["source"], row["source_id"]): row for row in products if row["source"]},
        {row["handle"]: row for row in products},
        {row["sku"]: row for row in variants},
        siblings,
    )


async def refused_records(connection: Connection, records: Sequence[ProductRecord]) -> list[Rejection]:
    """Which records could not go in as the catalogue stands now; changes nothing."""
    result = Upserted([None] * len(records))
    _accept(records, await _known(connection, records), result)
    return result.rejections


def _named(records: Sequence[ProductRecord]) -> tuple[list[str], list[str], list[str]]:
    """Handles, sources and source ids, as `_PRODUCTS` takes them."""
    owned = [record for record in records if record.source]
    return (
        [record.handle for record in records],
        [record.source for record in owned],
        [record.source_id for record in owned],
    )


def _accept(records: Sequence[ProductRecord], known: _Known, result: Upserted) -> list[tuple[str, ProductRecord]]:
    """Pairs each sound record with its product's id, new or known; the others become rejections."""
    accepted: list[tuple[str, ProductRecord]] = []
    taken: set[tuple[str, ...]] = set()
    for row, record in enumerate(records):
        product = known.match(record)
        keys: set[tuple[str, ...]] = {("handle", record.handle), *(("sku", variant.sku) for variant in record.variants)}
        if record.source:
            keys.add(("source_id", record.source, record.source_id))
        problem = _problem(record, product, known, keys & taken)
        if problem is not None:
            result.rejections.append(Rejection(row, *problem))
            continue
        taken |= keys
        product_id = new_id("prd") if product is None else product["id"]
        if product is None:
            result.created.add(product_id)
        result.product_ids[row] = product_id
        accepted.append((product_id, record))
    return accepted


def _problem(
    record: ProductRecord, product: Row | None, known: _Known, repeated: set[tuple[str, ...]]
) -> tuple[str, str] | None:
    """The field and the reason for which a record cannot go in, if there is one."""
    if repeated:
        name, *values = min(repeated)
        return name, f"'{values[-1]}' stands in an earlier row already"
    holder = known.by_handle.get(record.handle)
    if holder is not None and (product is None or holder["id"] != product["id"]):
        return "handle", f"'{record.handle}' belongs to another product"
    for variant in record.variants:
        owner = known.variants.get(variant.sku)
        if owner is not None and (product is None or owner["product_id"] != product["id"]):
            return "sku", f"'{variant.sku}' belongs to another product"
    if product is not None:
        named = {variant.sku for variant in record.variants}
        others = [row for row in known.siblings.get(product["id"], []) if row["sku"] not in named]
        both = [(variant.sku, variant.option_values) for variant in record.variants]
        try:
            check_options(record.option_names, [*both, *((row["sku"], row["option_values"]) for row in others)])
        except Refusal as refusal:
            return "variants", f"beside the variants that the product has: {refusal.message}"
    return None


async def _write_products(
    work: Work, accepted: Sequence[tuple[str, ProductRecord]], category_ids: dict[str, str], result: Upserted
) -> None:
    fresh = [pair for pair in accepted if pair[0] in result.created]
    old = [pair for pair in accepted if pair[0] not in result.created]
    if fresh:
        await work.connection.execute(_INSERT, *_product_columns(fresh, category_ids), work.now)
    if old:
        rows = await work.connection.fetch(_UPDATE, *_product_columns(old, category_ids), work.now)
        result.changed |= {row["id"] for row in rows}


def _product_columns(pairs: Sequence[tuple[str, ProductRecord]], category_ids: dict[str, str]) -> list[list[object]]:
    rows = [
        (
            product_id,
            record.handle,
            record.title,
            record.description,
            record.brand,
            None if record.category is None else category_ids[record.category],
            record.status,
            record.tax_class,
            record.attributes,
            # As bytes, because a list within a list would be taken for an array of two dimensions.
            orjson.dumps(record.option_names),
            orjson.dumps(record.tags),
            orjson.dumps(record.related),
            record.source,
            record.source_id,
        )
        for product_id, record in pairs
    ]
    return [list(column) for column in zip(*rows, strict=True)]


async def _write_variants(
    work: Work, accepted: Sequence[tuple[str, ProductRecord]], known: _Known, result: Upserted
) -> None:
    fresh: list[tuple[object, ...]] = []
    old: list[tuple[object, ...]] = []
    for product_id, record in accepted:
        for position, variant in enumerate(record.variants):
            row = known.variants.get(variant.sku)
            variant_id: str = work.new_id("var") if row is None else row["id"]
            result.variants.append((variant_id, variant, row is None))
            result.product_of[variant_id] = product_id
            (fresh if row is None else old).append(
                (
                    variant_id,
                    product_id,
                    variant.sku,
                    variant.option_values,
                    variant.barcode,
                    variant.weight_grams,
                    position,
                    variant.source_id,
                )
            )
    if fresh:
        await work.connection.execute(_INSERT_VARIANTS, *_columns(fresh), work.now)
        result.changed |= {str(row[1]) for row in fresh}
    if old:
        rows = await work.connection.fetch(_UPDATE_VARIANTS, *_columns(old))
        result.changed |= {row["product_id"] for row in rows}


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


_PRODUCTS = """
SELECT id, handle, source, source_id FROM shop.products
WHERE id IN (SELECT id FROM shop.products WHERE handle = ANY ($1::text[])
             UNION SELECT found.id FROM unnest($2::text[], $3::text[]) AS t (source, source_id)
                   CROSS JOIN LATERAL (
                       SELECT p.id FROM shop.products p
                       WHERE p.source = t.source AND p.source_id = t.source_id AND p.source <> '' LIMIT 1) AS found)"""

# As a union, because an OR over two columns would read the whole table.
_VARIANTS = """
SELECT id, sku, product_id, option_values FROM shop.variants
WHERE id IN (SELECT id FROM shop.variants WHERE sku = ANY ($1::text[])
             UNION SELECT id FROM shop.variants WHERE product_id = ANY ($2::text[]))
ORDER BY position, id"""

_GIVEN = """
unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[],
       $10::jsonb[], $11::jsonb[], $12::jsonb[], $13::text[], $14::text[])
    AS t (id, handle, title, description, brand, category_id, status, tax_class, attributes, option_names, tags,
          related, source, source_id)"""

_INSERT = f"""
INSERT INTO shop.products (
    id, handle, title, description, brand, category_id, status, tax_class, attributes, option_names, tags,
    related, source, source_id, created_at, updated_at)
SELECT id, handle, title, description, brand, category_id, status, tax_class, attributes,
       ARRAY(SELECT jsonb_array_elements_text(option_names)), ARRAY(SELECT jsonb_array_elements_text(tags)),
       ARRAY(SELECT jsonb_array_elements_text(related)), source, source_id, $15, $15
FROM {_GIVEN}"""

_UPDATE = f"""
UPDATE shop.products p SET
    handle = t.handle, title = t.title, description = t.description, brand = t.brand, category_id = t.category_id,
    status = t.status, tax_class = t.tax_class, attributes = t.attributes, option_names = t.option_names, tags = t.tags,
    related = t.related, source = coalesce(nullif(t.source, ''), p.source),
    source_id = coalesce(nullif(t.source_id, ''), p.source_id), version = p.version + 1, updated_at = $15
FROM (SELECT id, handle, title, description, brand, category_id, status, tax_class, attributes,
             ARRAY(SELECT jsonb_array_elements_text(option_names)) AS option_names,
             ARRAY(SELECT jsonb_array_elements_text(tags)) AS tags,
             ARRAY(SELECT jsonb_array_elements_text(related)) AS related, source, source_id
      FROM {_GIVEN}) AS t
WHERE p.id = t.id
  AND ((p.handle, p.title, p.description, p.brand, p.category_id, p.status, p.tax_class, p.attributes, p.option_names,
       p.tags, p.related)
      IS DISTINCT FROM
      (t.handle, t.title, t.description, t.brand, t.category_id, t.status, t.tax_class, t.attributes, t.option_names,
       t.tags, t.related)
   OR p.source <> t.source AND t.source <> '')
RETURNING p.id"""

_GIVEN_VARIANTS = """
unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::integer[], $7::integer[], $8::text[])
    AS t (id, product_id, sku, option_values, barcode, weight_grams, position, source_id)"""

_INSERT_VARIANTS = f"""
INSERT INTO shop.variants (
    id, product_id, sku, option_values, barcode, weight_grams, position, source_id, created_at)
SELECT t.*, $9 FROM {_GIVEN_VARIANTS}"""

_UPDATE_VARIANTS = f"""
UPDATE shop.variants v SET
    option_values = t.option_values, barcode = t.barcode, weight_grams = t.weight_grams, position = t.position,
    source_id = t.source_id, active = true
FROM {_GIVEN_VARIANTS}
WHERE v.id = t.id
  AND (v.option_values, v.barcode, v.weight_grams, v.position, v.source_id, v.active)
      IS DISTINCT FROM (t.option_values, t.barcode, t.weight_grams, t.position, t.source_id, true)
RETURNING v.product_id"""
