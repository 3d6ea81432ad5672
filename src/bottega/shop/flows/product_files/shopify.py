"""Shopify's product CSV: rows of one handle make a product; both ways."""

import contextlib
import csv
import html
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from bottega.kernel.errors import Invalid, Refusal
from bottega.kernel.money import format_amount, parse_amount
from bottega.shop.catalogue.model import handle_of
from bottega.shop.catalogue.product_record import ProductRecord, SaleRecord, VariantRecord
from bottega.shop.flows.product_files.html_text import text_of_html
from bottega.shop.flows.product_files.rows import (
    LONGEST_ROW_BYTES,
    BadRow,
    GoodRow,
    ParsedRow,
    RowFile,
    RowRefused,
    bad_row,
)

OPTIONS = (1, 2, 3)
LONGEST_GROUP_ROWS = 2_000
_STATUS = {"active": "published", "draft": "draft", "archived": "archived"}
_METAFIELD = re.compile(r"\(product\.metafields\.([^.)]+)\.([^)]+)\)$")
# What Shopify has no column for travels as JSON in one metafield of our own.
_OWN_COLUMN = "Bottega (product.metafields.bottega.product)"
_OWN_FIELDS = ("attributes", "collections", "related", "tax_class", "source", "source_id")
COLUMNS = (
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Product Category",
    "Tags",
    "Published",
    *(f"Option{number} {part}" for number in OPTIONS for part in ("Name", "Value")),
    "Variant SKU",
    "Variant Grams",
    "Variant Inventory Qty",
    "Variant Price",
    "Variant Compare At Price",
    "Cost per item",
    "Variant Barcode",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "Status",
    _OWN_COLUMN,
)


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    fields: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.fields.get(column, "")


def read(file: RowFile, currency: str, location: str) -> Iterator[ParsedRow]:
    """Every product of the file, by its handle, or what is wrong with one of its rows."""
    for group in _groups(file):
        size = sum(len(value) for row in group for value in row.fields.values())
        try:
            yield GoodRow(group[-1].number, _record(group, currency, location), size)
        except RowProblem as problem:
            yield BadRow(problem.number, problem.field, problem.reason)
        except (ValidationError, RowRefused) as error:
            yield bad_row(group[0].number, error)


class RowProblem(RowRefused):
    """A reason that belongs to one row of a product."""

    def __init__(self, number: int, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.number = number


def _groups(file: RowFile) -> Iterator[list[_Row]]:
    group: list[_Row] = []
    for row in _rows(file):
        if group and (row["Handle"] != group[0]["Handle"] or len(group) >= LONGEST_GROUP_ROWS):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _rows(file: RowFile) -> Iterator[_Row]:
    # Bytes that are not UTF-8 become lone surrogates, which no product may hold: the row is then reported, not guessed.
    text = io.TextIOWrapper(file.stream, "utf-8-sig", errors="surrogateescape", newline="")  # pyright: ignore[reportArgumentType] - a GzipFile reads like any other binary file
    csv.field_size_limit(LONGEST_ROW_BYTES)
    reader = csv.DictReader(text, strict=True, restkey="", restval="")
    try:
        if reader.fieldnames is None or not {"Handle", "Title", "Variant Price"} <= set(reader.fieldnames):
            raise Invalid(
                "not_shopify_csv",
                "The first row does not name the columns Handle, Title and Variant Price.",
                next_step="Export the products from Shopify as CSV.",
            )
        for fields in reader:
            yield _Row(reader.line_num, {name: value.strip() for name, value in fields.items() if name and value})
    except (csv.Error, OSError, EOFError) as error:
        raise Invalid(
            "file_damaged",
            f"The file cannot be read after row {reader.line_num}: {error}.",
            next_step="Export it again.",
        ) from error
    finally:
        # Or the file would be closed together with this view of it.
        with contextlib.suppress(ValueError):
            text.detach()


def _record(group: Sequence[_Row], currency: str, location: str) -> ProductRecord:
    for row in group:
        for name, value in row.fields.items():
            if any("\ud800" <= character <= "\udfff" for character in value):
                raise RowProblem(row.number, name, "not UTF-8")
    first = group[0]
    option_names = [first[f"Option{number} Name"] for number in OPTIONS if first[f"Option{number} Name"]]
    sold = [row for row in group if row["Variant Price"] or row["Variant SKU"] or row["Option1 Value"]]
    if option_names == ["Title"] and all(row["Option1 Value"] == "Default Title" for row in sold):
        option_names = []
    own = _own(first)
    record = {
        "handle": handle_of(first["Handle"]) if first["Handle"] else "",
        "title": first["Title"],
        "description": text_of_html(first["Body (HTML)"]),
        "brand": first["Vendor"],
        "category": _category(first),
        "tags": [tag.strip() for tag in first["Tags"].split(",") if tag.strip()],
        "status": _status(first),
        "option_names": option_names,
        "attributes": _metafields(first),
        "variants": [_variant(row, first, option_names, currency, location) for row in sold],
        "media": [
            {"url": row["Image Src"], "alt": row["Image Alt Text"]}
            for row in sorted(group, key=_image_position)
            if row["Image Src"]
        ],
        **own,
    }
    if not first["Handle"]:
        raise RowProblem(first.number, "Handle", "a handle is needed")
    return ProductRecord.model_validate(record)


def _image_position(row: _Row) -> int:
    return int(row["Image Position"]) if row["Image Position"].isdecimal() else 1_000


def _status(row: _Row) -> str:
    named = row["Status"].lower()
    if named and named not in _STATUS:
        raise RowProblem(row.number, "Status", "one of active, draft, archived is needed")
    return _STATUS[named] if named else "draft" if row["Published"].lower() == "false" else "published"


def _category(row: _Row) -> str | None:
    parts = [
        handle_of(part)[:60].strip("-") for part in (row["Product Category"] or row["Type"]).split(">") if part.strip()
    ]
    return "/".join(parts[:6]) or None


def _metafields(row: _Row) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in row.fields.items():
        match = _METAFIELD.search(name)
        if match is not None and match.group(1) != "bottega":
            found[match.group(2).replace("-", "_")] = value
    return found


def _own(row: _Row) -> dict[str, Any]:
    if not row[_OWN_COLUMN]:
        return {}
    try:
        value: Any = orjson.loads(row[_OWN_COLUMN])
    except orjson.JSONDecodeError as error:
        raise RowProblem(row.number, _OWN_COLUMN, f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise RowProblem(row.number, _OWN_COLUMN, "not a JSON object")
    return {name: value[name] for name in _OWN_FIELDS if name in value}


def _variant(row: _Row, first: _Row, option_names: Sequence[str], currency: str, location: str) -> dict[str, Any]:
    values = {
        first[f"Option{number} Name"]: row[f"Option{number} Value"]
        for number in OPTIONS
        if first[f"Option{number} Name"] in option_names and row[f"Option{number} Value"]
    }
    sku = row["Variant SKU"].removeprefix("'") or "-".join([first["Handle"], *values.values()]).upper()
    price = _amount(row, "Variant Price", currency)
    if price is None:
        raise RowProblem(row.number, "Variant Price", "a price is needed")
    ordinary = _amount(row, "Variant Compare At Price", currency)
    cost = _amount(row, "Cost per item", currency)
    on_sale = ordinary is not None and ordinary > price
    units = _number(row, "Variant Inventory Qty")
    return {
        "sku": sku,
        "option_values": values,
        "barcode": row["Variant Barcode"].removeprefix("'"),
        "weight_grams": max(0, _number(row, "Variant Grams")),
        "prices": {currency: ordinary if on_sale else price},
        "sales": {currency: {"amount_minor": price} if on_sale else None},
        "costs": {} if cost is None else {currency: cost},
        "stock": {location: units} if units > 0 else {},
    }


def _amount(row: _Row, column: str, currency: str) -> int | None:
    if not row[column]:
        return None
    try:
        amount = parse_amount(row[column], currency)
    except Refusal as refusal:
        raise RowProblem(row.number, column, refusal.message) from refusal
    if amount < 0:
        raise RowProblem(row.number, column, "an amount cannot be negative")
    return amount


def _number(row: _Row, column: str) -> int:
    try:
        number = float(row[column] or 0)
        return round(number)
    except (ValueError, OverflowError) as error:
        raise RowProblem(row.number, column, "a number is needed") from error


def header() -> bytes:
    """The first row of a file that we write."""
    return _csv([COLUMNS])


def rows_of_record(record: ProductRecord, currency: str, location: str) -> bytes:
    """The rows of one product: one per variant, and more when it has more pictures."""
    rows: list[list[str]] = []
    for index in range(max(len(record.variants), len(record.media))):
        fields = {"Handle": record.handle}
        if index == 0:
            fields |= _product_fields(record)
        if index < len(record.variants):
            fields |= _variant_fields(record, record.variants[index], currency, location)
        if index < len(record.media):
            picture = record.media[index]
            fields |= {"Image Src": picture.url, "Image Position": str(index + 1), "Image Alt Text": picture.alt}
        rows.append([fields.get(column, "") for column in COLUMNS])
    return _csv(rows)


def _product_fields(record: ProductRecord) -> dict[str, str]:
    names = record.option_names or ("Title",)
    status = {ours: theirs for theirs, ours in _STATUS.items()}[record.status]
    own = {name: getattr(record, name) for name in _OWN_FIELDS}
    return {
        "Title": record.title,
        "Body (HTML)": html.escape(record.description, quote=False).replace("\n", "<br>"),
        "Vendor": record.brand,
        "Product Category": (record.category or "").replace("/", " > "),
        "Tags": ", ".join(record.tags),
        "Published": "true" if record.status == "published" else "false",
        "Status": status,
        _OWN_COLUMN: orjson.dumps(own).decode(),
        **{f"Option{number} Name": name for number, name in zip(OPTIONS, names, strict=False)},
    }


def _variant_fields(record: ProductRecord, variant: VariantRecord, currency: str, location: str) -> dict[str, str]:
    amount, sale = variant.prices.get(currency, 0), variant.sales.get(currency)
    price = sale.amount_minor if isinstance(sale, SaleRecord) else amount
    values = [variant.option_values[name] for name in record.option_names] or ["Default Title"]
    return {
        "Variant SKU": variant.sku,
        "Variant Grams": str(variant.weight_grams),
        "Variant Inventory Qty": str(variant.stock.get(location, 0)),
        "Variant Price": format_amount(price, currency),
        "Variant Compare At Price": format_amount(amount, currency) if price != amount else "",
        "Cost per item": format_amount(variant.costs[currency], currency) if currency in variant.costs else "",
        "Variant Barcode": variant.barcode,
        **{f"Option{number} Value": value for number, value in zip(OPTIONS, values, strict=False)},
    }


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
