"""A catalogue grown out of a real one: its products over again, with other brands, numbers, words and near vectors.

Written into the search index alone, in bulk.
"""

import random
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bottega.kernel.identifiers import new_id
from bottega.platform.clock import SystemClock
from bottega.platform.database.pool import Connection, Database
from bottega.retrieval.bulk import load_corpus
from bottega.retrieval.corpus import Document
from bottega.retrieval.postings import digest_of
from bottega.retrieval.schema import empty_words
from bottega.retrieval.vectors import load_anew
from bottega.shop.catalogue.product_documents import PRODUCTS, documents_of

BATCH = 1_000
# How far a grown product's vector lies from its parent's: the cosine between them is about 0.9.
NOISE = 0.48
WORDS_EXCHANGED = 2
_NUMBER = re.compile(r"\d+")


@dataclass
class Parents:
    """The real products: documents, vectors, and what their kind lends each other."""

    documents: list[Document]
    vectors: "NDArray[np.float32]"
    model: str
    brands: list[str] = field(default_factory=list[str])
    words: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


async def parents(connection: Connection) -> Parents:
    """Reads them; the order is that of their ids."""
    rows = await connection.fetch(
        f"SELECT d.id, v.model, v.embedding::real[] AS embedding FROM {PRODUCTS.documents} d "
        f"JOIN {PRODUCTS.vectors} v USING (document) JOIN shop.products p ON p.id = d.id "
        "WHERE p.source <> '' ORDER BY d.id"
    )
    documents: dict[str, Document] = {}
    for start in range(0, len(rows), BATCH):
        for one in await documents_of(connection, [row["id"] for row in rows[start : start + BATCH]]):
            documents[one.id] = one
    found = Parents(
        [documents[row["id"]] for row in rows],
        np.array([row["embedding"] for row in rows], dtype=np.float32),
        rows[0]["model"],
    )
    found.brands = sorted({one.fields["brand"] for one in found.documents if one.fields["brand"]})
    for one in found.documents:
        found.words.setdefault(one.fields["kind"], []).extend(
            word for word in one.fields["title"].split() if word.isalpha() and len(word) > 3
        )
    return found


def grown(parent: Document, known: Parents, draw: random.Random) -> Document:
    """Another product of the parent's kind: its brand, its numbers and two of its words are others."""
    brand = draw.choice(known.brands)
    fields = dict(parent.fields)
    old = fields["brand"]
    words = known.words[fields["kind"]] or ["new"]
    for name in ("title", "model", "description"):
        text = fields[name].replace(old, brand) if old else fields[name]
        fields[name] = _NUMBER.sub(lambda found: _other_number(found[0], draw), text)
    title = fields["title"].split()
    for _ in range(WORDS_EXCHANGED):
        title[draw.randrange(len(title))] = draw.choice(words)
    fields |= {"title": " ".join(title), "brand": brand, "codes": f"G{draw.randrange(10**9)}"}
    return Document(new_id("prd"), fields, meaning=fields["title"])


def _other_number(text: str, draw: random.Random) -> str:
    # Small numbers are sizes and counts, of which there are few; long ones are a model's own.
    return text if len(text) <= 2 else str(draw.randrange(10 ** (len(text) - 1), 10 ** len(text)))


async def grow(database: Database, known: Parents, number: int, seed: int) -> None:
    """Writes an index of `number` products anew: the real ones and as many grown ones as it takes."""
    draw = random.Random(seed)
    noise = np.random.default_rng(seed)
    sources: list[int] = []
    ids: list[str] = []
    digests: list[bytes] = []

    async def batches() -> AsyncGenerator[Sequence[Document]]:
        batch: list[Document] = []
        for place in range(number):
            source = place if place < len(known.documents) else draw.randrange(len(known.documents))
            parent = known.documents[source]
            document = parent if place < len(known.documents) else grown(parent, known, draw)
            sources.append(source)
            ids.append(document.id)
            digests.append(digest_of(document.meaning))
            batch.append(document)
            if len(batch) == BATCH:
                yield batch
                batch = []
        yield batch

    async with database.write() as connection:
        await empty_words(connection, PRODUCTS)
        await connection.execute(f"TRUNCATE {PRODUCTS.documents}, {PRODUCTS.vectors}, {PRODUCTS.waiting}")
        await connection.execute(f"DROP INDEX IF EXISTS {PRODUCTS.near_index}")
        await load_corpus(connection, PRODUCTS, batches(), SystemClock().now())
        await connection.execute("UPDATE search.corpora SET rewriting = false WHERE corpus = 'products'")
        for start in range(0, number, BATCH):
            made = _perturbed(known, sources[start : start + BATCH], noise, first=start)
            numbers = range(start + 1, start + len(made) + 1)
            records = list(zip(numbers, digests[start : start + BATCH], made, strict=True))
            await load_anew(connection, PRODUCTS, known.model, records)
        await connection.execute(f"TRUNCATE {PRODUCTS.waiting}")
        await _cards(connection, known, sources, ids)
    async with database.connection() as connection:
        for table in PRODUCTS.tables:
            await connection.execute(f"VACUUM (ANALYZE) {table}", timeout=3_600)
        # Growing leaves twice the room they need, which an index that was written once does not have.
        for table in ("search.products", "search.product_cards", "search.traits", "search.numbers", "search.offers"):
            await connection.execute(f"VACUUM (FULL, ANALYZE) {table}", timeout=3_600)
        # What the server would do by itself in the next minutes is done, and not measured.
        await connection.execute("VACUUM (ANALYZE)", timeout=3_600)
        await connection.execute("CHECKPOINT", timeout=3_600)


def _perturbed(
    known: Parents, sources: Sequence[int], noise: np.random.Generator, *, first: int
) -> "NDArray[np.float32]":
    vectors = known.vectors[list(sources)]
    shaken = vectors + NOISE * noise.standard_normal(vectors.shape, dtype=np.float32) / np.sqrt(vectors.shape[1])
    shaken /= np.linalg.norm(shaken, axis=1, keepdims=True)
    real = np.arange(first, first + len(sources)) < len(known.documents)
    return np.where(real[:, None], vectors, shaken)


async def _cards(connection: Connection, known: Parents, sources: Sequence[int], ids: Sequence[str]) -> None:
    """Cards, prices, facets and what constraints are held against, each after its parent's with another price."""
    await connection.execute(
        "CREATE TEMP TABLE grown (document int, id text, parent text, share float8) ON COMMIT DROP"
    )
    draw = random.Random(len(ids))
    real = len(known.documents)
    rows: list[tuple[Any, ...]] = [
        (place + 1, product_id, known.documents[source].id, 1.0 if place < real else draw.uniform(0.5, 1.8))
        for place, (source, product_id) in enumerate(zip(sources, ids, strict=True))
    ]
    await connection.copy_records_to_table("grown", records=rows, timeout=3_600)
    await connection.execute("CREATE INDEX ON grown (parent)")
    await connection.execute("ANALYZE grown")
    kept = "SELECT FROM grown g WHERE g.id = g.parent AND g.id = t.product_id"
    for table in ("products", "product_cards", "traits", "variant_traits", "numbers", "offers"):
        await connection.execute(f"DELETE FROM search.{table} t WHERE NOT EXISTS ({kept})", timeout=3_600)
    # The products themselves are no action's: the job that looks after the index would take out what has none.
    await connection.execute("SET LOCAL session_replication_role = replica")
    await connection.execute("DELETE FROM shop.products WHERE source = ''")
    await connection.execute(
        "UPDATE search.products p SET document = g.document FROM grown g WHERE g.id = p.product_id"
    )
    for statement in _GROWN:
        await connection.execute(statement, timeout=3_600)


_MADE_PRODUCTS = """
INSERT INTO shop.products (id, handle, title, brand, category_id, status, created_at, updated_at)
SELECT g.id, p.handle || '-' || g.document, p.title, p.brand, p.category_id, 'published', now(), now()
FROM grown g JOIN shop.products p ON p.id = g.parent WHERE g.id <> g.parent"""

_MADE_CARDS = """
INSERT INTO search.products (
    product_id, currency, handle, title_key, price_minor, facets, document, rating, reviews, signs)
SELECT g.id, p.currency, p.handle || '-' || g.document, p.title_key, (p.price_minor * g.share)::bigint, p.facets,
       g.document, p.rating, p.reviews, p.signs
FROM grown g JOIN search.products p ON p.product_id = g.parent WHERE g.id <> g.parent"""

_MADE_SHOWN = """
INSERT INTO search.product_cards (product_id, currency, card)
SELECT g.id, c.currency, replace(c.card, c.product_id, g.id)
FROM grown g JOIN search.product_cards c ON c.product_id = g.parent WHERE g.id <> g.parent"""

_MADE_TRAITS = """
INSERT INTO search.traits
SELECT g.id, t.brand, t.category, t.traits, t.fields
FROM grown g JOIN search.traits t ON t.product_id = g.parent WHERE g.id <> g.parent"""

_MADE_NUMBERS = """
INSERT INTO search.numbers (product_id, variant_id, name, value, unit)
SELECT g.id, n.variant_id, n.name, n.value, n.unit
FROM grown g JOIN search.numbers n ON n.product_id = g.parent WHERE g.id <> g.parent"""

_MADE_OFFERS = """
INSERT INTO search.offers (product_id, variant_id, currency, price_minor, on_sale, in_stock, traits)
SELECT g.id, o.variant_id || '-' || g.document, o.currency, (o.price_minor * g.share)::bigint, o.on_sale, o.in_stock,
       o.traits
FROM grown g JOIN search.offers o ON o.product_id = g.parent WHERE g.id <> g.parent"""

_GROWN = (_MADE_PRODUCTS, _MADE_CARDS, _MADE_SHOWN, _MADE_TRAITS, _MADE_NUMBERS, _MADE_OFFERS)
