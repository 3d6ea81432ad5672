"""Counting what meets a narrowing, as far as it matters for how a search is made."""

from dataclasses import replace

from bottega.platform.database.pool import Connection, database_of
from bottega.retrieval.narrowing import KNOWN_DOCUMENTS, Counted, Narrowing
from bottega.retrieval.short_memory import ShortMemory

_MANY = Counted(None)
# Conditions that many documents met a moment ago: counting them again costs as much as a search.
_met_by_many = ShortMemory[bool](seconds=30.0, most=2_000)
# What meets a condition, for as long as nothing is written that could.
_known = ShortMemory[Counted](seconds=300.0, most=300)


async def count(connection: Connection, narrowing: Narrowing) -> Narrowing:
    """The narrowing with what counting found: all documents that meet it when they are at most `KNOWN_DOCUMENTS`."""
    if narrowing.counted is not None:
        return narrowing
    key = (database_of(connection), narrowing.source, narrowing.condition, repr(narrowing.values))
    if narrowing.is_wide or _met_by_many.recall(key):
        return _many(narrowing, key)
    if narrowing.stamp and (remembered := _known.recall((*key, narrowing.stamp))) is not None:
        return replace(narrowing, counted=remembered)
    # As a table of its own it is planned for all that meet the condition. Planned for a few rows it walks along prices,
    # say, in the hope of meeting soon what may not exist.
    found: list[int | None] = await connection.fetchval(
        f"WITH met AS MATERIALIZED (SELECT {narrowing.document} AS document FROM {narrowing.source} "
        f"WHERE {narrowing.condition}), first AS (SELECT document FROM met LIMIT {KNOWN_DOCUMENTS + 1}) "
        "SELECT coalesce(array_agg(document), '{}') FROM first",
        *narrowing.values,
    )
    if len(found) > KNOWN_DOCUMENTS:
        return _many(narrowing, key)
    known = tuple(document for document in found if document is not None)
    counted = Counted(known, bool(found))
    if narrowing.stamp:
        _known.keep((*key, narrowing.stamp), counted)
    return replace(narrowing, counted=counted)


async def anything_meets(connection: Connection, narrowing: Narrowing) -> bool:
    """Whether there is any, which is found out sooner than how many there are."""
    statement = (
        f"WITH met AS MATERIALIZED (SELECT FROM {narrowing.source} WHERE {narrowing.condition}) "
        "SELECT EXISTS (SELECT FROM met)"
    )
    return bool(await connection.fetchval(statement, *narrowing.values))


def _many(narrowing: Narrowing, key: tuple[str, ...]) -> Narrowing:
    if not narrowing.is_wide:
        _met_by_many.keep(key, value=True)
    return replace(narrowing, counted=_MANY)
