"""Counting what meets a narrowing, as far as it matters for how a search is made."""

from dataclasses import replace

from bottega.platform.database.pool import Connection, database_of, plan_for_any, plan_for_values
from bottega.retrieval.narrowing import FEW_DOCUMENTS, KNOWN_DOCUMENTS, Counted, Documents, Narrowing
from bottega.retrieval.short_memory import ShortMemory

_MANY = Counted(None)
# Conditions that many documents met a moment ago: counting them again costs as much as a search.
_met_by_many = ShortMemory[bool](seconds=30.0, most=2_000)
# The same for longer, as long as nothing is written that could make them fewer.
_met_by_many_still = ShortMemory[bool](seconds=300.0, most=2_000)
# Whether anything meets a condition, for as long.
_met_by_any = ShortMemory[bool](seconds=300.0, most=2_000)
# What meets a condition, for as long as nothing is written that could: at most some 140 kB each.
_known = ShortMemory[Counted](seconds=300.0, most=300)


async def count(connection: Connection, narrowing: Narrowing) -> Narrowing:
    """The narrowing with what counting found: all documents that meet it when they are at most `FEW_DOCUMENTS`.

    Of a common condition they may be up to `KNOWN_DOCUMENTS`, as long as nothing is written meanwhile. What is
    counted is planned for its values, and so is what follows until the caller is done with counting.
    """
    if narrowing.counted is not None:
        return narrowing
    key = (database_of(connection), narrowing.source, narrowing.condition, repr(narrowing.values))
    if narrowing.is_wide:
        return replace(narrowing, counted=_MANY)
    if narrowing.stamp and (remembered := _known.recall((*key, narrowing.stamp))) is not None:
        return replace(narrowing, counted=remembered)
    if _met_by_many.recall(key) or (narrowing.stamp and _met_by_many_still.recall((*key, narrowing.stamp))):
        return replace(narrowing, counted=_MANY)
    most = KNOWN_DOCUMENTS if narrowing.is_common else FEW_DOCUMENTS
    await plan_for_values(connection)
    # As a table of its own it is planned for all that meet the condition. Planned for a few rows it walks along prices,
    # say, in the hope of meeting soon what may not exist.
    found = await connection.fetchrow(
        f"WITH met AS MATERIALIZED (SELECT {narrowing.document} AS document FROM {narrowing.source} "
        f"WHERE {narrowing.condition}), first AS (SELECT document FROM met LIMIT {most + 1}) "
        "SELECT count(*) AS rows, count(document) AS documents, "
        f"CASE WHEN count(*) <= {most} THEN coalesce(array_agg(document) FILTER (WHERE document IS NOT NULL), '{{}}') "
        "END::text AS known FROM first",
        *narrowing.values,
    )
    assert found is not None, "it counts"
    if found["rows"] > FEW_DOCUMENTS:
        _met_by_many.keep(key, value=True)
    if found["known"] is None:
        _met_by_many_still.keep((*key, narrowing.stamp), value=True)
        return replace(narrowing, counted=_MANY)
    counted = Counted(Documents(found["known"], found["documents"]), found["rows"] > 0)
    if narrowing.stamp:
        _known.keep((*key, narrowing.stamp), counted)
    return replace(narrowing, counted=counted)


async def plan_for(connection: Connection, narrowing: Narrowing) -> None:
    """How statements are planned that hold one row after the other against the narrowing, once it is counted.

    For any values, unless other tables are asked: not knowing for what, a plan reads all of a range for each row.
    """
    await (plan_for_values if narrowing.asks_other_tables else plan_for_any)(connection)


async def anything_meets(connection: Connection, narrowing: Narrowing) -> bool:
    """Whether there is any, which is found out sooner than how many there are."""
    if narrowing.counted is not None:
        return narrowing.counted.anything
    key = (database_of(connection), narrowing.source, narrowing.condition, repr(narrowing.values), narrowing.stamp)
    if narrowing.stamp and (remembered := _met_by_any.recall(key)) is not None:
        return remembered
    await plan_for_values(connection)
    statement = (
        f"WITH met AS MATERIALIZED (SELECT FROM {narrowing.source} WHERE {narrowing.condition}) "
        "SELECT EXISTS (SELECT FROM met)"
    )
    return _met_by_any.keep(key, bool(await connection.fetchval(statement, *narrowing.values)))
