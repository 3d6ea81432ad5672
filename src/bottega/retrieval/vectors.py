"""Vectors of documents: storing them with the model they are from, and finding those that lie near a query's."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import orjson

from bottega.platform.database.pool import Connection, Row
from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.corpus import Corpus
from bottega.retrieval.narrowing import LEAD_BY_KNOWN, Narrowing, Parameters
from bottega.retrieval.scoring import ASKED_TERMS, SCORE, asked_terms

if TYPE_CHECKING:
    from bottega.ports.embedder import Vector

# Fewer vectors are compared one by one, which is exact and takes a millisecond or two.
INDEXED_FROM_VECTORS = 2_000
# Without an index more vectors than these take too long for a shopper.
MOST_VECTORS_WITHOUT_INDEX = 30_000
# Of pgvector's index: links per vector, and how widely it is searched while it is built.
HNSW_LINKS, HNSW_BUILD_REACH = 16, 64
BUILD_MEMORY = "512MB"
# Of so many documents that meet a condition every vector is measured, which is exact; of more, which would take longer
# than the whole scan of the index, those that the scan comes across.
MEASURED_DOCUMENTS = 1_000
_NO_WORDS = KeywordQuery()


class Neighbour(NamedTuple):
    """A document with the cosine of its vector to the query's.

    `row` has the columns of the narrowing, which are null of a document that was asked for besides the nearest. Of the
    others `score` is by the words that were asked for, None when it has none, and `bits` the words that it answers.
    """

    document: int
    cosine: float
    row: Row
    score: float | None = None
    bits: int = 0


@dataclass(frozen=True, slots=True)
class VectorsStanding:
    """Whose vectors there are, how many about, and whether they are indexed."""

    model: str
    vectors: int
    indexed: bool


async def near(
    connection: Connection,
    corpus: Corpus,
    query: Vector,
    narrowing: Narrowing,
    number: int,
    *,
    besides: Sequence[int] = (),
    words: KeywordQuery = _NO_WORDS,
) -> list[Neighbour]:
    """The nearest `number` documents that meet the narrowing, and in any case those of `besides` that have a vector.

    The answer is exact where the narrowing is counted and at most `MEASURED_DOCUMENTS` meet it. Documents `besides` are
    known to meet it.
    """
    return await _near(connection, corpus, _written(query), narrowing, number, besides, words)


async def near_document(
    connection: Connection, corpus: Corpus, document: int, narrowing: Narrowing, number: int
) -> list[Neighbour] | None:
    """The nearest documents to one of the corpus' own that meet the narrowing; None when it has no vector."""
    vector: str | None = await connection.fetchval(
        f"SELECT embedding::text FROM {corpus.vectors} WHERE document = $1", document
    )
    return None if vector is None else await _near(connection, corpus, vector, narrowing, number, (), _NO_WORDS)


async def _near(
    connection: Connection,
    corpus: Corpus,
    query: str,
    narrowing: Narrowing,
    number: int,
    besides: Sequence[int],
    words: KeywordQuery,
) -> list[Neighbour]:
    known = narrowing.known if narrowing.known is not None and narrowing.known.number <= LEAD_BY_KNOWN else None
    condition, values = (narrowing.condition, narrowing.values) if known is None else narrowing.of_known
    statement = _NEAR if known is None else (_NEAR_FEW if known.number <= MEASURED_DOCUMENTS else _NEAR_KNOWN)
    parameters = Parameters(list(values))
    filled = statement.format(
        query=parameters.add(query),
        number=parameters.add(number) if "{number}" in statement else "",
        most=int(number),
        besides=parameters.add(list(besides)),
        known="" if known is None else parameters.add(known.array),
        dimensions=query.count(",") + 1,
        **asked_terms(words, parameters),
        vectors=corpus.vectors,
        documents=corpus.documents,
        source=narrowing.source,
        key=narrowing.document,
        condition=condition,
        columns=narrowing.selected,
    )
    rows = await connection.fetch(filled, *parameters.values)
    return [Neighbour(row["measured"], row["cosine"], row, row["score"], row["bits"] or 0) for row in rows]


async def standing(connection: Connection, corpus: Corpus) -> VectorsStanding:
    """How the vectors stand; their number is the planner's, a table never analysed is counted."""
    row = await connection.fetchrow(_STANDING.format(vectors=corpus.vectors), corpus.name, corpus.near_index)
    assert row is not None, "a statement without FROM has one row"
    vectors = row["about"]
    # Of a table that is gone nothing is known: counting it says so.
    if vectors is None or vectors < INDEXED_FROM_VECTORS:
        vectors = await connection.fetchval(f"SELECT count(*) FROM {corpus.vectors}")
    return VectorsStanding(row["model"] or "", vectors, row["indexed"])


async def store(connection: Connection, corpus: Corpus, model: str, made: Sequence[tuple[int, bytes, Vector]]) -> None:
    """Keeps vectors of documents (number, digest of the text, vector); inside the transaction of the caller."""
    await connection.executemany(
        f"INSERT INTO {corpus.vectors} (document, digest, model, embedding) VALUES ($1, $2, $3, $4::real[]::halfvec) "
        "ON CONFLICT (document) DO UPDATE SET digest = excluded.digest, model = excluded.model, "
        "embedding = excluded.embedding",
        [(document, digest, model, vector.tolist()) for document, digest, vector in made],
    )


async def load_anew(
    connection: Connection, corpus: Corpus, model: str, made: Sequence[tuple[int, bytes, Vector]]
) -> None:
    """Copies vectors of documents that have none yet: for many at once, before there is an index."""
    await _speak_halfvec(connection)
    schema, _, table = corpus.vectors.partition(".")
    await connection.copy_records_to_table(
        table,
        schema_name=schema,
        columns=("document", "digest", "model", "embedding"),
        records=[(document, digest, model, vector) for document, digest, vector in made],
    )


async def belong_to(connection: Connection, corpus: Corpus, model: str) -> None:
    """From now on the vectors are this model's; those of another are thrown away with their index."""
    before = await connection.fetchval(
        "SELECT vector_model FROM search.corpora WHERE corpus = $1 FOR UPDATE", corpus.name
    )
    if before == model:
        return
    await connection.execute(f"DROP INDEX IF EXISTS {corpus.near_index}")
    await connection.execute(f"TRUNCATE {corpus.vectors}")
    await connection.execute("UPDATE search.corpora SET vector_model = $2 WHERE corpus = $1", corpus.name, model)
    await connection.execute(
        f"INSERT INTO {corpus.waiting} (document, since) SELECT document, now() FROM {corpus.documents} "
        "WHERE meaning <> '' ON CONFLICT DO NOTHING"
    )


async def ensure_near_index(dsn: str, corpus: Corpus) -> bool:
    """Makes the index over the vectors when there are enough of them and it is missing; says whether it did.

    On a connection of its own, because the table stays readable and writable meanwhile, which no transaction allows.
    """
    connection: Any = await asyncpg.connect(dsn, server_settings={"application_name": "bottega-search-index"})
    try:
        found = await standing(connection, corpus)
        if found.indexed or found.vectors < INDEXED_FROM_VECTORS:
            return False
        name = corpus.near_index.partition(".")[2]
        dimensions = await connection.fetchval(f"SELECT vector_dims(embedding) FROM {corpus.vectors} LIMIT 1")
        await connection.execute(f"SET maintenance_work_mem = '{BUILD_MEMORY}'")
        await connection.execute("SET max_parallel_maintenance_workers = 0")
        # One that a broken attempt left behind is not valid.
        await connection.execute(f"DROP INDEX IF EXISTS {corpus.near_index}")
        await connection.execute(
            f"CREATE INDEX CONCURRENTLY {name} ON {corpus.vectors} "
            f"USING hnsw ((embedding::halfvec({dimensions})) halfvec_cosine_ops) "
            f"WITH (m = {HNSW_LINKS}, ef_construction = {HNSW_BUILD_REACH})",
            timeout=3_600,
        )
        return True
    finally:
        await connection.close()


async def _speak_halfvec(connection: Connection) -> None:
    schema = await connection.fetchval(
        "SELECT n.nspname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typname = 'halfvec'"
    )
    await connection.set_type_codec("halfvec", schema=schema, format="binary", encoder=_encoded, decoder=bytes)


def _written(vector: Vector) -> str:
    """pgvector's text form: sent and read in two thirds of the time that a list of its numbers takes."""
    # A copy lies in one piece, as orjson needs it.
    return orjson.dumps(vector.copy(), option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _encoded(vector: Vector) -> bytes:
    """pgvector's binary form: the number of dimensions, two bytes unused, then half floats, the high byte first."""
    return struct.pack(">HH", len(vector), 0) + vector.astype(">f2").tobytes()


# What is nearest and what is asked for besides are measured once each; only the nearest are held against the condition,
# and scored by words, as the others are already.
_MEASURED = f"""
besides AS MATERIALIZED (
    SELECT v.document, v.embedding::halfvec({{dimensions}}) <=> (SELECT vector FROM meant) AS distance
    FROM {{vectors}} v WHERE v.document = ANY ({{besides}}::int[])),{ASKED_TERMS}
SELECT coalesce(n.document, b.document) AS measured, 1 - coalesce(n.distance, b.distance) AS cosine,
       s.score, s.bits, n.*
FROM nearest n FULL JOIN besides b ON b.document = n.document LEFT JOIN LATERAL (
    SELECT w.* FROM {{documents}} d CROSS JOIN LATERAL ({SCORE}) AS w
    WHERE d.document = n.document AND b.document IS NULL) AS s ON true
ORDER BY cosine DESC, measured"""

# The order of the index over vectors leads, whatever the planner believes of the condition.
_NEAR = f"""
WITH meant AS MATERIALIZED (SELECT {{query}}::text::halfvec({{dimensions}}) AS vector),
nearest AS MATERIALIZED (
    SELECT v.document, v.embedding::halfvec({{dimensions}}) <=> (SELECT vector FROM meant) AS distance, met.*
    FROM {{vectors}} v CROSS JOIN LATERAL (
        SELECT true AS met{{columns}} FROM {{source}} WHERE {{key}} = v.document AND {{condition}} OFFSET 0) AS met
    ORDER BY distance LIMIT {{number}}),{_MEASURED}"""

# Of more that are known to meet it, being among them is seen sooner than a row is read for every vector that is passed.
# As a truth of its own the subquery is a table of their numbers, and no join that would measure all of them. How many
# are wanted is written out: for any number of them a plan sorts all vectors, once there are some hundred thousand.
_NEAR_KNOWN = f"""
WITH meant AS MATERIALIZED (SELECT {{query}}::text::halfvec({{dimensions}}) AS vector),
nearby AS MATERIALIZED (
    SELECT v.document, v.embedding::halfvec({{dimensions}}) <=> (SELECT vector FROM meant) AS distance
    FROM {{vectors}} v WHERE (v.document IN (SELECT unnest({{known}}::text::int[]))) IS TRUE
    ORDER BY distance LIMIT {{most}}),
nearest AS MATERIALIZED (
    SELECT v.document, v.distance{{columns}}
    FROM nearby v JOIN {{source}} ON {{key}} = v.document WHERE {{condition}}),{_MEASURED}"""

# A few are all measured, for which a subquery leaves the planner no other way; a row is read once it is chosen.
_NEAR_FEW = f"""
WITH meant AS MATERIALIZED (SELECT {{query}}::text::halfvec({{dimensions}}) AS vector),
nearby AS MATERIALIZED (
    SELECT v.document, v.embedding::halfvec({{dimensions}}) <=> (SELECT vector FROM meant) AS distance
    FROM (SELECT * FROM {{vectors}} w WHERE w.document = ANY ({{known}}::text::int[]) OFFSET 0) AS v
    ORDER BY distance LIMIT {{number}}),
nearest AS MATERIALIZED (
    SELECT v.document, v.distance{{columns}}
    FROM nearby v JOIN {{source}} ON {{key}} = v.document WHERE {{condition}}),{_MEASURED}"""

_STANDING = """
SELECT (SELECT vector_model FROM search.corpora WHERE corpus = $1) AS model,
       (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass('{vectors}')) AS about,
       coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($2)), false) AS indexed"""
