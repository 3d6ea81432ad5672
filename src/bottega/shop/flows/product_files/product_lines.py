"""The shop's own form of a product: one JSON object per line, as the demo shop's files hold it."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.flows.product_files.rows import BadRow, GoodRow, ParsedRow, RowFile, RowRefused, bad_row, json_rows

_PLAIN = (
    "handle",
    "title",
    "description",
    "brand",
    "category",
    "tax_class",
    "attributes",
    "tags",
    "collections",
    "related",
    "source",
    "source_id",
)
_OWN = {"options", "variants", "media", "published", "status"}
_OF_VARIANT = {"sku", "options", "barcode", "weight_grams", "prices", "sale", "cost", "stock", "source_id"}


def read(file: RowFile) -> Iterator[ParsedRow]:
    """Every line as a product or as what is wrong with it."""
    for number, value, size in json_rows(file):
        if isinstance(value, BadRow):
            yield value
            continue
        try:
            yield GoodRow(number, record_of_line(value), size)
        except (ValidationError, RowRefused) as error:
            yield bad_row(number, error)


def record_of_line(line: Mapping[str, Any]) -> ProductRecord:
    """The record of one object; raises pydantic's `ValidationError` or `RowRefused`."""
    _no_others(line, {*_PLAIN, *_OWN}, "")
    for name in ("variants", "media"):
        if not isinstance(line.get(name) or [], list):
            raise RowRefused(name, "a list is needed")
    variants: list[Any] = line.get("variants") or []
    media: list[Any] = line.get("media") or []
    return ProductRecord.model_validate(
        {
            **{name: line[name] for name in _PLAIN if name in line},
            "status": line.get("status") or ("published" if line.get("published", True) else "draft"),
            "option_names": line.get("options") or (),
            "variants": [_variant(variant) for variant in variants],
            "media": [{"url": picture} if isinstance(picture, str) else picture for picture in media],
        }
    )


def _variant(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise RowRefused("variants", "a variant is an object")
    return _variant_values(given)  # pyright: ignore[reportUnknownArgumentType] - JSON objects have text keys


def _variant_values(given: dict[str, Any]) -> dict[str, Any]:
    _no_others(given, _OF_VARIANT, "variants.")
    prices: dict[str, Any] = given.get("prices") or {}
    record = {name: given[name] for name in ("sku", "barcode", "weight_grams", "source_id") if name in given}
    record |= {"option_values": given.get("options") or {}, "prices": prices, "stock": given.get("stock") or {}}
    record["costs"] = given.get("cost") or {}
    if not all(isinstance(record[name], dict) for name in ("prices", "stock", "costs")):
        raise RowRefused("variants.prices", "prices, stock and cost are objects")
    if "sale" in given:
        if not isinstance(given["sale"] or {}, dict):
            raise RowRefused("variants.sale", "an object of amounts by currency is needed")
        record["sales"] = {**dict.fromkeys(prices), **_sales(given["sale"] or {})}
    return record


def _sales(sale: dict[str, Any]) -> dict[str, Any]:
    """A bare amount is a sale without dates."""
    return {
        currency: {"amount_minor": amount} if isinstance(amount, int) else amount for currency, amount in sale.items()
    }


def _no_others(given: Mapping[str, Any], known: set[str], prefix: str) -> None:
    others = sorted(set(given) - known)
    if others:
        raise RowRefused(f"{prefix}{others[0]}", "this field is not known")


def line_of(record: ProductRecord) -> bytes:
    """The line of one product, with its newline; reading it back gives an equal record."""
    value: dict[str, Any] = {name: getattr(record, name) for name in _PLAIN}
    value |= {
        "status": record.status,
        "options": record.option_names,
        "variants": [
            {
                "sku": variant.sku,
                "options": variant.option_values,
                "barcode": variant.barcode,
                "weight_grams": variant.weight_grams,
                "prices": variant.prices,
                "sale": {
                    currency: sale.model_dump(mode="json")
                    for currency, sale in variant.sales.items()
                    if sale is not None
                },
                "cost": variant.costs,
                "stock": variant.stock,
                "source_id": variant.source_id,
            }
            for variant in record.variants
        ],
        "media": [picture.model_dump(mode="json") for picture in record.media],
    }
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
