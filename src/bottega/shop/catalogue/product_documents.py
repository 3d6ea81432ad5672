"""Products as documents of the search: their words by field, and the text that stands for their meaning."""

import re
from collections.abc import Collection
from typing import Any

from bottega.platform.database.pool import Connection, Row
from bottega.retrieval.corpus import Corpus, Document, Field

# The reader of the log that keeps the index.
READER = "search"

# Field weights and saturation were chosen on the open grades; see docs/search.md.
PRODUCTS = Corpus(
    "products",
    {
        "title": Field(3.0, 0.3, joins_neighbours=True),
        "brand": Field(1.0),
        "model": Field(1.0, joins_neighbours=True),
        "kind": Field(3.0),
        "tags": Field(1.0),
        "codes": Field(1.0, 0.0),
        "attributes": Field(1.0),
        "description": Field(2.0, joins_neighbours=True),
    },
    saturation=0.6,
)

# What a model reads of a description; what follows repeats or is small print.
MEANT_CHARACTERS = 300
LONGEST_ATTRIBUTE_CHARACTERS = 200
# Attributes that say what kind of thing it is.
_KINDS = ("product_type", "type")
# Attributes with fields of their own, or that nobody searches by.
_NOT_ATTRIBUTES = frozenset({"model", "eans", "released", *_KINDS})
# Measures and dates are for filters: as words they would only make vocabulary.
_NUMBERS_ONLY = re.compile(r"[\d\s.,:/x%+-]*\Z")


async def documents_of(connection: Connection, product_ids: Collection[str]) -> list[Document]:
    """The documents of those of the products that are published."""
    return [document_of(row) for row in await connection.fetch(_TEXTS, list(product_ids))]


def document_of(row: Row) -> Document:
    """One product's document; the row is one of `documents_of`."""
    attributes: dict[str, Any] = row["attributes"]
    kinds = [_words(attributes[name]) for name in _KINDS if name in attributes]
    model = _words(attributes.get("model", ""))
    fields = {
        "title": row["title"],
        "brand": row["brand"],
        "model": model,
        "kind": "\n".join([row["categories"] or "", *kinds]),
        "tags": "\n".join(row["tags"]),
        "codes": "\n".join([*row["codes"], *map(str, attributes.get("eans", ()))]),
        "attributes": "\n".join([*row["options"], *_attribute_words(attributes)]),
        "description": row["description"],
    }
    return Document(row["id"], fields, _meaning(row, kinds))


def _meaning(row: Row, kinds: list[str]) -> str:
    parts = [row["title"], *kinds[:1], row["category"] or "", row["description"][:MEANT_CHARACTERS]]
    return ". ".join(part.strip() for part in parts if part.strip())


def _attribute_words(attributes: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for name, value in attributes.items():
        if name in _NOT_ATTRIBUTES:
            continue
        if value is True:
            # A true attribute is a word by its name (bluetooth, hood); a false one must not be found.
            found.append(name.replace("_", " "))
        elif not isinstance(value, bool):
            text = _words(value)
            if not _NUMBERS_ONLY.match(text):
                found.append(text[:LONGEST_ATTRIBUTE_CHARACTERS])
    return found


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON of any form


_TEXTS = """
SELECT p.id, p.title, p.brand, p.description, p.attributes, p.tags,
       (SELECT k.title FROM shop.categories k WHERE k.id = p.category_id) AS category,
       (SELECT string_agg(c.title, ' ') FROM shop.categories k
        JOIN shop.categories c ON k.path = c.path OR starts_with(k.path, c.path || '/')
        WHERE k.id = p.category_id) AS categories,
       coalesce(v.codes, '{}') AS codes, coalesce(v.options, '{}') AS options
FROM shop.products p
LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT v.sku) || array_remove(array_agg(DISTINCT v.barcode), '') AS codes,
           array_agg(DISTINCT o.value) FILTER (WHERE o.value IS NOT NULL) AS options
    FROM shop.variants v LEFT JOIN LATERAL jsonb_each_text(v.option_values) AS o ON true
    WHERE v.product_id = p.id AND v.active) AS v ON true
WHERE p.id = ANY ($1::text[]) AND p.status = 'published'"""
