"""Icecat's electronics catalogue as JSON lines (the form of querqy/chorus), both ways."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from bottega.shop.catalogue.model import handle_of
from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.flows.product_files.rows import BadRow, GoodRow, ParsedRow, RowFile, RowRefused, bad_row, json_rows

SOURCE = "icecat"
HEAVIEST_GRAMS = 10_000_000
_LETTERS: dict[type, str] = {bool: "b", int: "n", float: "n", str: "t"}
# Attributes that say what a thing is, the telling ones first; most rows name no product type.
_CATEGORIES = (
    ("printing_colours", "printing/toner-and-ink"),
    ("black_toner_page_yield", "printing/toner-and-ink"),
    ("ink_type", "printing/toner-and-ink"),
    ("print_technology", "printing/supplies"),
    ("media_sheets_per_package", "printing/paper"),
    ("labels_per_pack", "printing/labels"),
    ("processor_family", "computers"),
    ("cable_length", "cables-and-adapters"),
    ("connector_1", "cables-and-adapters"),
    ("internal_memory_type", "memory"),
    ("hdd_capacity", "storage"),
    ("display_diagonal", "displays"),
    ("battery_technology", "batteries"),
)


def read(file: RowFile, currency: str, stock: Mapping[str, int]) -> Iterator[ParsedRow]:
    """Every line as a product with one variant in this currency and stock, or as what is wrong with it."""
    for number, value, size in json_rows(file):
        if isinstance(value, BadRow):
            yield value
            continue
        try:
            yield GoodRow(number, record_of(value, currency, stock), size)
        except (ValidationError, RowRefused) as error:
            yield bad_row(number, error)


def record_of(row: Mapping[str, Any], currency: str, stock: Mapping[str, int]) -> ProductRecord:
    """The record of one row; `price` is in minor units, `weight` in grams."""
    identifier, title = _text(row, "id"), _text(row, "title")
    price = row.get("price")
    if not isinstance(price, int) or isinstance(price, bool):
        raise RowRefused("price", "a whole number of minor units is needed")
    attributes = _attributes(row)
    weight = attributes.get("weight")
    grams = round(weight) if isinstance(weight, int | float) and not isinstance(weight, bool) else 0
    barcodes = [code for code in row.get("ean") or () if isinstance(code, str)]
    picture = row.get("img_500x500")
    model = _text(row, "name")
    described = {"model": model, "eans": barcodes[1:], "released": row.get("date_released")}
    return ProductRecord.model_validate(
        {
            "handle": f"{handle_of(title)[:80].strip('-')}-{handle_of(identifier)[:30]}",
            "title": title,
            "description": row.get("short_description") or "",
            "brand": row.get("supplier") or "",
            "category": category_of(attributes),
            "attributes": {**attributes, **{name: value for name, value in described.items() if value}},
            "source": SOURCE,
            "source_id": identifier,
            "variants": [
                {
                    "sku": f"ICE-{identifier}",
                    "barcode": barcodes[0] if barcodes else "",
                    "weight_grams": grams if 0 < grams <= HEAVIEST_GRAMS else 0,
                    "prices": {currency: price},
                    "stock": stock,
                }
            ],
            "media": [{"url": picture, "alt": title[:500]}] if picture else [],
        }
    )


def category_of(attributes: Mapping[str, Any]) -> str | None:
    """A category out of the product type, else out of the attributes that only such things have."""
    kind = attributes.get("product_type")
    if isinstance(kind, str) and not kind.isdigit():
        return f"electronics/{handle_of(kind)[:60].strip('-')}"
    return next((category for name, category in _CATEGORIES if name in attributes), None)


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RowRefused(name, "a text is needed")
    return value.strip()


def _attributes(row: Mapping[str, Any]) -> dict[str, Any]:
    """`attr_t_`, `attr_n_` and `attr_b_` fields by their bare name; a second type of one name keeps its letter."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if key.startswith("attr_") and value is not None:
            letter, name = key[5:6], key[7:]
            if not isinstance(value, (str, bool, int, float)) or _LETTERS[type(value)] != letter:
                raise RowRefused(key, "the value is not of the type that the name says")
            found[name if name not in found else f"{name}_{letter}"] = value
    return found


def line_of(record: ProductRecord, currency: str) -> bytes:
    """The line of one product, with its newline; products of other sources get their handle as id."""
    variant = record.variants[0]
    attributes = dict(record.attributes)
    model, eans, released = (attributes.pop(name, None) for name in ("model", "eans", "released"))
    more = eans if isinstance(eans, list) else []
    row: dict[str, Any] = {
        "id": record.source_id if record.source == SOURCE else record.handle,
        "name": model or variant.sku,
        "title": record.title,
        "ean": [code for code in (variant.barcode, *more) if code],
        "short_description": record.description,
        "img_500x500": record.media[0].url if record.media else "",
        "date_released": released or "",
        "supplier": record.brand,
        "price": variant.prices.get(currency, 0),
    }
    if variant.weight_grams and "weight" not in attributes:
        attributes["weight"] = variant.weight_grams
    for name, value in attributes.items():
        text = ", ".join(value) if isinstance(value, list) else value
        letter = _LETTERS[type(text)]
        base = name.removesuffix(f"_{letter}")
        row[f"attr_{letter}_{base if base in attributes else name}"] = text
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
