"""What is remembered, what takes its place, what ends, and that forgetting leaves nothing."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from bottega.kernel.errors import Invalid, NotFound
from bottega.platform.database.pool import Database
from bottega.runtime.memory import store
from bottega.runtime.memory.model import MOST_FACTS, Fact, Memory, Purpose
from bottega.runtime.memory.quoting import quoted

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA, BRUNO = "cus_ada", "cus_bruno"
SHOES = Fact("size.shoes", 39, "turn:ses_1.4", "principal", "service", said="I wear 39")
BLUE = Fact("likes.colour", "blue", "order:ord_1", "shop", "personalisation", span="working")
BOTH: list[Purpose] = ["service", "personalisation"]


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    opened = await Database.open(database_url, writers=6, readers=4)
    yield opened
    await opened.close()


async def learn(database: Database, *facts: Fact, who: str = ADA, at: datetime = NOON) -> list[str]:
    async with database.write() as connection:
        return await store.remember(connection, who, facts, at)


async def known(
    database: Database, purposes: list[Purpose] | None = None, *, who: str = ADA, at: datetime = NOON
) -> dict[str, Memory]:
    async with database.write() as connection:
        found = await store.recall(connection, who, purposes or BOTH, at)
    return {memory.name: memory for memory in found}


async def test_a_fact_is_recalled_with_its_source_for_its_purpose_alone(database: Database) -> None:
    await learn(database, SHOES, BLUE)
    found = await known(database, ["service"])
    assert list(found) == ["size.shoes"]
    memory = found["size.shoes"]
    assert (memory.value, memory.said, memory.source, memory.trust) == (39, "I wear 39", "turn:ses_1.4", "principal")
    assert set(await known(database)) == {"size.shoes", "likes.colour"}
    assert await known(database, who=BRUNO) == {}


async def test_another_value_supersedes_and_the_same_one_confirms(database: Database) -> None:
    await learn(database, SHOES)
    later = NOON + timedelta(days=10)
    assert await learn(database, replace(SHOES, source="turn:ses_2.1"), at=later) == []
    first = (await known(database, at=later))["size.shoes"]
    assert (first.learnt_at, first.confirmed_at, first.source) == (NOON, later, "turn:ses_1.4")
    (new,) = await learn(database, replace(SHOES, value=40, said="40 now"), at=later)
    async with database.read() as connection:
        rows = await connection.fetch("SELECT value, superseded_by FROM runtime.memories ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [(39, new), (40, None)]
    assert (await known(database, at=later))["size.shoes"].value == 40


async def test_a_third_party_contradicts_neither_the_shop_nor_the_customer(database: Database) -> None:
    await learn(database, SHOES)
    assert await learn(database, Fact("size.shoes", 45, "review:rev_1", "third_party", "service")) == []
    assert (await known(database))["size.shoes"].value == 39


async def test_a_conversation_as_source_needs_words(database: Database) -> None:
    with pytest.raises(Invalid) as refused:
        await learn(database, replace(SHOES, said=""))
    assert refused.value.code == "memory_without_words"
    for wrong in (replace(SHOES, name="Size!"), replace(SHOES, value="x" * 3_000), replace(SHOES, said="x" * 301)):
        with pytest.raises(Invalid):
            await learn(database, wrong)
    assert await known(database) == {}


async def test_racing_values_leave_one_that_holds(database: Database) -> None:
    sizes = [replace(SHOES, value=size, said=f"I wear {size}") for size in range(36, 44)]
    await asyncio.gather(*(learn(database, fact) for fact in sizes))
    async with database.read() as connection:
        holding = await connection.fetchval("SELECT count(*) FROM runtime.memories WHERE superseded_at IS NULL")
        every = await connection.fetchval("SELECT count(*) FROM runtime.memories")
    assert (holding, every) == (1, 8)


async def test_what_is_over_is_not_recalled_and_swept(database: Database) -> None:
    await learn(database, SHOES, BLUE)
    await learn(database, replace(SHOES, value=40, said="40 now"))
    after = NOON + timedelta(days=31)
    assert set(await known(database, at=after)) == {"size.shoes"}
    async with database.write() as connection:
        assert await store.sweep(connection, after) == 2  # the blue, and the 39 that was superseded
        assert await connection.fetchval("SELECT count(*) FROM runtime.memories") == 1


async def test_old_facts_are_told_to_be_stale_and_counted(database: Database) -> None:
    await learn(database, SHOES)
    later = NOON + timedelta(days=200)
    assert (await known(database, at=later))["size.shoes"].is_stale
    assert await known(database, who=BRUNO, at=later) == {}
    async with database.read() as connection:
        row = await connection.fetchrow(
            "SELECT asked, hits, stale FROM runtime.memory_use WHERE day = $1", later.date()
        )
    assert row is not None
    assert tuple(row.values()) == (2, 1, 1)


async def test_there_is_a_most(database: Database) -> None:
    letters = [f"{first}{second}" for first in "abcdefghijklmnop" for second in "abcdefghijklmnop"][: MOST_FACTS + 20]
    await learn(database, *(replace(BLUE, name=f"likes.{name}") for name in letters))
    async with database.read() as connection:
        assert await connection.fetchval("SELECT count(*) FROM runtime.memories") == MOST_FACTS


async def test_forgetting_one_takes_its_past_along_and_all_leaves_nothing(database: Database) -> None:
    await learn(database, SHOES, BLUE)
    (new,) = await learn(database, replace(SHOES, value=40, said="40 now"))
    await learn(database, SHOES, who=BRUNO)
    async with database.write() as connection:
        with pytest.raises(NotFound):
            await store.forget(connection, BRUNO, new)
        await store.forget(connection, ADA, new)
        assert [memory.name for memory in await store.shown(connection, ADA, NOON)] == ["likes.colour"]
        assert await store.forget_all(connection, ADA) == 1
        assert await connection.fetch("SELECT customer_id FROM runtime.memories") == [(BRUNO,)]


def test_only_what_was_said_counts_as_said() -> None:
    words = ["Hello", "I wear  size 39,\nusually"]
    assert quoted(words, "i wear size 39") == words[1]
    assert quoted(words, "I wear size 40") is None
    assert quoted(words, "  ") is None
