"""Writing the shop's products to a file: as a stream, in the formats that can be imported."""

import gzip
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, assert_never

from bottega.kernel.money import check_currency
from bottega.platform.database.pool import Connection, Database
from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.flows.product_files import icecat, product_lines, shopify
from bottega.shop.flows.product_files.importing import FormatName, Progress, unseen

BATCH_PRODUCTS = 200


async def export_file(
    database: Database,
    path: Path,
    format_name: FormatName,
    *,
    currency: str = "EUR",
    location: str = "main",
    progress: Progress = unseen,
) -> int:
    """Writes every product that is not archived; returns how many. A name that ends in .gz is compressed.

    Icecat and Shopify know one currency and one place, Icecat one variant: the first. All is read as it stands at one
    instant. The file takes its name when it is complete.
    """
    check_currency(currency)
    partial = path.with_name(f"{path.name}.partial")
    number = 0
    try:
        with partial.open("wb") as raw:
            file: Any = gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) if path.suffix == ".gz" else raw
            file.write(_header(format_name))
            async with database.read_snapshot() as connection:
                total = await connection.fetchval("SELECT count(*) FROM shop.products WHERE status <> 'archived'")
                async for record in records(connection):
                    file.write(_rows(format_name, record, currency, location))
                    number += 1
                    if number % BATCH_PRODUCTS == 0 or number == total:
                        progress(number, total)
            if file is not raw:
                file.close()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return number


async def records(connection: Connection) -> AsyncGenerator[ProductRecord]:
    """Every product that is not archived, in the order in which they were made."""
    after = ""
    while rows := await connection.fetch(_RECORDS, after, BATCH_PRODUCTS):
        for row in rows:
            yield ProductRecord.model_validate({name: row[name] for name in ProductRecord.model_fields})
        after = rows[-1]["id"]


def _header(format_name: FormatName) -> bytes:
    return shopify.header() if format_name == "shopify-csv" else b""


def _rows(format_name: FormatName, record: ProductRecord, currency: str, location: str) -> bytes:
    match format_name:
        case "icecat":
            return icecat.line_of(record, currency)
        case "shopify-csv":
            return shopify.rows_of_record(record, currency, location)
        case "jsonl":
            return product_lines.line_of(record)
        case _:
            assert_never(format_name)


_RECORDS = """
SELECT p.id, p.handle, p.title, p.description, p.brand, c.path AS category, p.status, p.tax_class, p.attributes,
       p.option_names, p.tags, p.related, p.source, p.source_id,
       (SELECT jsonb_agg(jsonb_build_object(
            'sku', v.sku, 'option_values', v.option_values, 'barcode', v.barcode, 'weight_grams', v.weight_grams,
            'source_id', v.source_id,
            'prices', coalesce((SELECT jsonb_object_agg(r.currency, r.amount_minor)
                                FROM shop.prices r WHERE r.variant_id = v.id), '{}'),
            'costs', coalesce((SELECT jsonb_object_agg(r.currency, r.cost_minor)
                               FROM shop.prices r WHERE r.variant_id = v.id AND r.cost_minor IS NOT NULL), '{}'),
            'sales', coalesce((SELECT jsonb_object_agg(r.currency, jsonb_build_object(
                                    'amount_minor', r.sale_amount_minor, 'starts_at', r.sale_starts_at,
                                    'ends_at', r.sale_ends_at))
                               FROM shop.prices r
                               WHERE r.variant_id = v.id AND r.sale_amount_minor IS NOT NULL), '{}'),
            'stock', coalesce((SELECT jsonb_object_agg(l.handle, greatest(s.on_hand, 0))
                               FROM shop.stock_levels s JOIN shop.locations l ON l.id = s.location_id
                               WHERE s.variant_id = v.id), '{}')) ORDER BY v.position, v.id)
        FROM shop.variants v WHERE v.product_id = p.id AND v.active) AS variants,
       coalesce((SELECT jsonb_agg(jsonb_build_object('url', m.url, 'alt', m.alt) ORDER BY m.position, m.id)
                 FROM shop.media m WHERE m.product_id = p.id), '[]') AS media,
       ARRAY(SELECT k.handle FROM shop.collection_products x JOIN shop.collections k ON k.id = x.collection_id
             WHERE x.product_id = p.id ORDER BY k.handle) AS collections
FROM shop.products p LEFT JOIN shop.categories c ON c.id = p.category_id
WHERE p.status <> 'archived' AND p.id > $1
  AND EXISTS (SELECT FROM shop.variants v WHERE v.product_id = p.id AND v.active)
ORDER BY p.id LIMIT $2"""
