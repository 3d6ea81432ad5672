"""What meets a condition is counted as far as it matters, and remembered until something is written."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.platform.database.pool import Database
from bottega.retrieval import counting
from bottega.retrieval.counting import anything_meets, count
from bottega.retrieval.narrowing import Counted, Documents, Narrowing
from bottega.retrieval.short_memory import ShortMemory
from tests.retrieval.library import RECIPES, embed, ids, recipe, search, write

WITHOUT_SOUP = Narrowing(f"{RECIPES.documents} r", "r.document", "r.id <> $1", ("soup",), ("r.id",))
NONE = replace(WITHOUT_SOUP, condition="r.id = $1", values=("helicopter",))


async def counted(library: Database, asked: Narrowing) -> Counted:
    async with library.search() as connection:
        found = (await count(connection, asked)).counted
    assert found is not None
    return found


def number(found: Counted) -> int | None:
    return None if found.known is None else found.known.number


async def test_few_are_named_and_many_are_not(library: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await counted(library, WITHOUT_SOUP)
    assert (number(found), found.anything) == (4, True)
    assert await counted(library, NONE) == Counted(Documents(), anything=False)
    monkeypatch.setattr(counting, "FEW_DOCUMENTS", 3)
    common = replace(WITHOUT_SOUP, is_common=True)
    assert number(await counted(library, common)) == 4, "what others ask for as well is counted further"
    monkeypatch.setattr(counting, "KNOWN_DOCUMENTS", 3)
    assert await counted(library, WITHOUT_SOUP) == await counted(library, common) == Counted(None, anything=True)


async def test_what_many_meet_is_not_counted_again_at_once_although_something_was_written(
    library: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "FEW_DOCUMENTS", 3)
    common = replace(WITHOUT_SOUP, condition="r.id <> $1 AND true", is_common=True, stamp="1")
    assert number(await counted(library, common)) == 4
    assert number(await counted(library, common)) == 4
    assert await counted(library, replace(common, stamp="2")) == Counted(None, anything=True)


async def test_whether_anything_meets_a_condition(library: Database) -> None:
    async with library.search() as connection:
        assert [await anything_meets(connection, one) for one in (WITHOUT_SOUP, NONE)] == [True, False]


async def test_it_is_remembered_for_as_long_as_the_stamp_is_the_same(library: Database) -> None:
    stamped = replace(WITHOUT_SOUP, stamp="1")
    before = await counted(library, stamped)
    await write(library, recipe("stew", "Stew", "Simmer."))
    assert await counted(library, stamped) == before
    assert number(await counted(library, replace(stamped, stamp="2"))) == 5
    assert number(await counted(library, WITHOUT_SOUP)) == 5, "without a stamp nothing is remembered"


async def test_that_there_are_many_or_any_is_remembered_for_as_long_as_the_stamp_is_the_same(
    library: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "FEW_DOCUMENTS", 3)
    monkeypatch.setattr(counting, "_met_by_many", ShortMemory[bool](seconds=0.0, most=1))
    stamped, none = replace(WITHOUT_SOUP, stamp="many"), replace(NONE, stamp="any")
    assert await counted(library, stamped) == Counted(None, anything=True)
    async with library.search() as connection:
        assert not await anything_meets(connection, none)
    # From here on the database could not say.
    async with library.write() as connection:
        await connection.execute("DROP TABLE search.recipes_documents CASCADE")
    assert await counted(library, stamped) == Counted(None, anything=True)
    async with library.search() as connection:
        assert not await anything_meets(connection, none)


async def test_meaning_is_the_same_whether_few_or_many_meet_a_condition(
    library: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = SandboxEmbedder()
    await embed(library, embedder)

    async def answer() -> Sequence[tuple[str, float | None]]:
        found = await search(library, "genovese tomatoes", embedder, WITHOUT_SOUP)
        return list(zip(ids(found), [round(one.cosine or 0.0, 5) for one in found.found], strict=True))

    few = await answer()
    monkeypatch.setattr(counting, "FEW_DOCUMENTS", 0)
    assert few == await answer()
    assert "soup" not in dict(few)
    assert {"pesto", "ragu"} <= set(dict(few))
