"""Remembering, recalling and forgetting: every statement that touches runtime.memories."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from bottega.kernel.errors import Invalid, NotFound
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Connection, Row
from bottega.runtime.memory.model import (
    CONFIRMED_WITHIN,
    KEPT_FOR,
    LARGEST_VALUE_BYTES,
    LONGEST_QUOTE_CHARACTERS,
    MOST_FACTS,
    NAME,
    SUPERSEDED_KEPT_FOR,
    Fact,
    Memory,
    Purpose,
)


async def remember(connection: Connection, customer_id: str, facts: Sequence[Fact], now: datetime) -> list[str]:
    """Keeps facts in one transaction of the caller; the ids of those that are new.

    A fact that holds already is confirmed. Another value under the same name supersedes the old one, unless the old
    one deserves more trust. Beyond `MOST_FACTS` those that were learnt first give way.
    """
    made: list[str] = []
    # One customer's facts are written one after the other: two values of one name must not both hold.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", f"memory.{customer_id}")
    for fact in facts:
        _check(fact)
        held = await connection.fetchrow(_HELD, customer_id, fact.name)
        if held is not None and _same(held["value"], fact.value):
            await connection.execute(_CONFIRM, held["id"], now, now + KEPT_FOR[fact.span])
        elif held is None or _RANK[fact.trust] <= _RANK[held["trust"]]:
            made.append(await _insert(connection, customer_id, fact, held, now))
    if made:
        await connection.execute(_CROWDED, customer_id, MOST_FACTS)
    return made


async def recall(
    connection: Connection, customer_id: str, purposes: Sequence[Purpose], now: datetime, *, limit: int = 50
) -> list[Memory]:
    """What holds about a customer and may be used for these purposes, lately confirmed first; counted as recalled."""
    rows = await connection.fetch(_RECALL, customer_id, list(purposes), now, min(limit, MOST_FACTS))
    found = [memory_of(row, now) for row in rows]
    await connection.execute(_USED, now.date(), bool(found), any(memory.is_stale for memory in found))
    return found


async def shown(connection: Connection, customer_id: str, now: datetime) -> list[Memory]:
    """Everything that is remembered of a customer, for them and for staff to see; counts as no recall."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM runtime.memories WHERE customer_id = $1 AND superseded_at IS NULL AND expires_at > $2 "
        "ORDER BY name LIMIT $3",
        customer_id,
        now,
        MOST_FACTS,
    )
    return [memory_of(row, now) for row in rows]


async def forget(connection: Connection, customer_id: str, memory_id: str) -> None:
    """Deletes one fact with all that it superseded; `NotFound` when it is not that customer's."""
    name = await connection.fetchval(
        "SELECT name FROM runtime.memories WHERE id = $1 AND customer_id = $2", memory_id, customer_id
    )
    if name is None:
        raise NotFound("no_such_memory", "That is not remembered.", next_step="List what is remembered.")
    await connection.execute("DELETE FROM runtime.memories WHERE customer_id = $1 AND name = $2", customer_id, name)


async def forget_all(connection: Connection, customer_id: str) -> int:
    """Deletes everything that is remembered of a customer; how many facts."""
    status = await connection.execute("DELETE FROM runtime.memories WHERE customer_id = $1", customer_id)
    return int(status.rpartition(" ")[2])


async def sweep(connection: Connection, now: datetime) -> int:
    """Deletes what has expired, and what was superseded a while ago; how many."""
    status = await connection.execute(
        "DELETE FROM runtime.memories WHERE expires_at <= $1 OR superseded_at <= $2", now, now - SUPERSEDED_KEPT_FOR
    )
    return int(status.rpartition(" ")[2])


def memory_of(row: Row, now: datetime) -> Memory:
    """The record of a row."""
    return Memory(
        id=row["id"],
        name=row["name"],
        value=row["value"],
        span=row["span"],
        said=row["said"],
        source=row["source"],
        trust=row["trust"],
        purpose=row["purpose"],
        learnt_at=row["learnt_at"],
        confirmed_at=row["confirmed_at"],
        expires_at=row["expires_at"],
        is_stale=row["confirmed_at"] < now - CONFIRMED_WITHIN,
        recalls=row["recalls"],
    )


# Who may contradict whom: our records and the principal may each other, a third party neither.
_RANK = {"shop": 0, "principal": 0, "third_party": 1}


def _check(fact: Fact) -> None:
    if NAME.match(fact.name) is None:
        raise Invalid(
            "bad_memory_name", f"'{fact.name[:60]}' is no name of a fact.", next_step="Write it like size.shoes."
        )
    if len(orjson.dumps(fact.value)) > LARGEST_VALUE_BYTES or len(fact.said) > LONGEST_QUOTE_CHARACTERS:
        raise Invalid("memory_too_large", f"{fact.name} is too large to remember.", next_step="Remember less of it.")
    if fact.source.startswith("turn:") and not fact.said:
        raise Invalid(
            "memory_without_words",
            f"{fact.name} names a conversation and no words of it.",
            next_step="Quote what the customer said.",
        )


async def _insert(connection: Connection, customer_id: str, fact: Fact, held: Row | None, now: datetime) -> str:
    memory_id = new_id("mem", milliseconds=int(now.timestamp() * 1000))
    if held is not None:
        await connection.execute("UPDATE runtime.memories SET superseded_at = $2 WHERE id = $1", held["id"], now)
    await connection.execute(
        _INSERT,
        memory_id,
        customer_id,
        fact.span,
        fact.name,
        fact.value,
        fact.said,
        fact.source,
        fact.trust,
        fact.purpose,
        now,
        now + KEPT_FOR[fact.span],
    )
    if held is not None:
        await connection.execute("UPDATE runtime.memories SET superseded_by = $2 WHERE id = $1", held["id"], memory_id)
    return memory_id


def _same(held: Any, value: Any) -> bool:
    return orjson.dumps(held, option=orjson.OPT_SORT_KEYS) == orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


_COLUMNS = "id, name, value, span, said, source, trust, purpose, learnt_at, confirmed_at, expires_at, recalls"

_HELD = """
SELECT id, value, trust FROM runtime.memories
WHERE customer_id = $1 AND name = $2 AND superseded_at IS NULL FOR UPDATE"""

_CONFIRM = "UPDATE runtime.memories SET confirmed_at = $2, expires_at = greatest(expires_at, $3) WHERE id = $1"

_INSERT = """
INSERT INTO runtime.memories (
    id, customer_id, span, name, value, said, source, trust, purpose, learnt_at, confirmed_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)"""

_CROWDED = """
DELETE FROM runtime.memories WHERE id IN (
    SELECT id FROM runtime.memories WHERE customer_id = $1 ORDER BY superseded_at NULLS LAST, id DESC OFFSET $2)"""

_RECALL = f"""
UPDATE runtime.memories m SET recalled_at = $3, recalls = m.recalls + 1
FROM (SELECT id FROM runtime.memories
      WHERE customer_id = $1 AND purpose = ANY ($2::text[]) AND superseded_at IS NULL AND expires_at > $3
      ORDER BY confirmed_at DESC, id LIMIT $4) AS chosen
WHERE m.id = chosen.id
RETURNING {", ".join(f"m.{column}" for column in _COLUMNS.split(", "))}"""

_USED = """
INSERT INTO runtime.memory_use AS u (day, asked, hits, stale) VALUES ($1, 1, $2::boolean::int, $3::boolean::int)
ON CONFLICT (day) DO UPDATE SET asked = u.asked + 1, hits = u.hits + excluded.hits, stale = u.stale + excluded.stale"""
