"""Sentences with what must be true of every product found for them, and the catalogue's own records to check it on."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bottega.platform.database.pool import Connection

FILE = Path(__file__).with_name("sentences.txt")
_CHECK = re.compile(r"^([\w ]+?)(\??)(!=|!~|<=|>=|=|<|>|~|\^)(.+)$")
_OF_VARIANT = {"price", "colour", "size", "stock", "sale", "weight", "length"}


@dataclass(frozen=True)
class Check:
    """One condition; `if_told` holds as well where the product does not tell."""

    field: str
    operator: str
    values: tuple[str, ...]
    if_told: bool


@dataclass(frozen=True)
class CheckedSentence:
    """A sentence over one of the catalogues."""

    catalogue: str
    text: str
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Record:
    """A product as the shop's own tables have it."""

    title: str
    brand: str
    category: str
    description: str
    tags: tuple[str, ...]
    attributes: Mapping[str, Any]
    rating: float | None
    variants: tuple[Mapping[str, Any], ...] = field(default=())


def sentences(catalogue: str) -> list[CheckedSentence]:
    """The sentences over a catalogue, in the order of the file."""
    found: list[CheckedSentence] = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, text, checks = (part.strip() for part in line.split(" | "))
        if name == catalogue:
            found.append(CheckedSentence(name, text, tuple(_check(part.strip()) for part in checks.split(";"))))
    return found


def _check(text: str) -> Check:
    matched = _CHECK.match(text)
    assert matched is not None, f"'{text}' is no check"
    values = tuple(value.strip().lower() for value in matched[4].split("|"))
    return Check(matched[1].strip(), matched[3], values, bool(matched[2]))


def failures(record: Record, checks: Sequence[Check]) -> list[Check]:
    """The checks that no variant of the product meets together; empty when one variant meets all."""
    of_product = [check for check in checks if check.field not in _OF_VARIANT and not _holds(record, {}, check)]
    of_variant = [check for check in checks if check.field in _OF_VARIANT]
    best: list[Check] = of_variant
    for variant in record.variants:
        failed = [check for check in of_variant if not _holds(record, variant, check)]
        best = min(best, failed, key=len)
    return of_product + (best if of_variant else [])


def _holds(record: Record, variant: Mapping[str, Any], check: Check) -> bool:
    told = _told(record, variant, check.field)
    if not told:
        return check.if_told or check.operator in ("!=", "!~")
    match check.operator:
        case "=":
            return any(_same(value, wanted) for value in told for wanted in check.values)
        case "!=":
            return not any(_same(value, wanted) for value in told for wanted in check.values)
        case "~":
            return any(wanted in str(value).lower() for value in told for wanted in check.values)
        case "!~":
            return not any(wanted in str(value).lower() for value in told for wanted in check.values)
        case "^":
            return any(str(value).lower().startswith(wanted) for value in told for wanted in check.values)
        case operator:
            return any(_compares(value, operator, float(check.values[0])) for value in told)


def _same(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return value is (wanted == "true")
    if isinstance(value, int | float):
        return abs(float(value) - float(wanted)) < 1e-6
    return str(value).lower() == wanted


def _compares(value: Any, operator: str, bound: float) -> bool:
    number = float(value)
    return {"<": number < bound, "<=": number <= bound, ">": number > bound, ">=": number >= bound}[operator]


def _told(record: Record, variant: Mapping[str, Any], name: str) -> list[Any]:
    match name:
        case "title" | "brand" | "category":
            return [getattr(record, name)] if getattr(record, name) else []
        case "tag":
            return list(record.tags)
        case "rating":
            return [record.rating] if record.rating is not None else []
        case "text":
            return [
                json.dumps(
                    [record.title, record.brand, record.category, record.description, record.tags, record.attributes],
                    ensure_ascii=False,
                ).replace("_", " ")
            ]
        case "price" | "stock" | "sale":
            return [variant[name]]
        case "size" | "length":
            value = variant["options"].get(name)
            return _sizes(value) if value else []
        case "weight":
            own = record.attributes.get("weight")
            return [own] if isinstance(own, int | float) else [variant["weight"]] if variant["weight"] else []
        case "colour":
            return _colours(record, variant)
        case _:
            value = record.attributes.get(name)
            if isinstance(value, list):
                return list(value)
            return [] if value is None else [float(value) if _is_number(value) else value]


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None


def _sizes(value: str) -> list[str]:
    found = [value]
    if ranged := re.fullmatch(r"(\d+)-(\d+)", value):
        found += [str(size) for size in range(int(ranged[1]), int(ranged[2]) + 1)]
    return found + value.split("/")


def _colours(record: Record, variant: Mapping[str, Any]) -> list[str]:
    options = variant["options"]
    told = options.get("colour") or record.attributes.get("product_colour")
    if not told:
        others = [v for k, v in record.attributes.items() if k.endswith(("_colour", "_colours")) and isinstance(v, str)]
        told = ",".join(others) or record.title
        if not others:
            return re.findall(r"[a-z]+", told.lower().replace("gray", "grey"))
    return [part.strip().lower() for part in re.split(r"[,/]| and ", told)]


async def records(connection: Connection, product_ids: Sequence[str], currency: str) -> dict[str, Record]:
    """The records of these products, from the shop's tables and not from the index."""
    rows = await connection.fetch(_RECORDS, list(product_ids), currency)
    found: dict[str, Record] = {}
    for row in rows:
        variants = tuple(row["variants"])
        found[row["id"]] = Record(
            row["title"], row["brand"], row["category"] or "", row["description"], tuple(row["tags"]),
            row["attributes"], float(row["rating"]) if row["rating"] is not None else None, variants,
        )  # fmt: skip
    return found


_RECORDS = """
SELECT p.id, p.title, p.brand, p.description, p.tags, p.attributes, c.path AS category,
       (SELECT avg(w.rating) FROM shop.reviews w WHERE w.product_id = p.id AND w.state = 'published') AS rating,
       (SELECT jsonb_agg(jsonb_build_object(
            'options', v.option_values, 'weight', v.weight_grams, 'price', shop.effective_amount(r, now()) / 100.0,
            'sale', shop.effective_amount(r, now()) < r.amount_minor,
            'stock', (SELECT coalesce(sum(greatest(s.on_hand, 0) + s.backorder_limit - s.reserved), 0)
                      FROM shop.stock_levels s JOIN shop.locations l ON l.id = s.location_id
                      WHERE s.variant_id = v.id AND l.active)))
        FROM shop.variants v JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $2
        WHERE v.product_id = p.id AND v.active) AS variants
FROM shop.products p LEFT JOIN shop.categories c ON c.id = p.category_id
WHERE p.id = ANY ($1::text[])"""
