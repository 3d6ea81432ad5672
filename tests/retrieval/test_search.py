"""Words and meaning together, what is left when one of them fails, and that the answer says so."""

from dataclasses import replace

import pytest

from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.platform.database.pool import Database
from bottega.retrieval import search as searching
from bottega.retrieval import vectors
from bottega.retrieval.search import NO_EMBEDDER, NO_INDEX, NO_VECTORS, OTHER_MODEL, POSTINGS_LOST, VECTORS_LOST
from tests.retrieval.library import EVERYTHING, RECIPES, TEXTS, WEIGHTS, embed, ids, plainly, recipe, search, write


async def execute(library: Database, statement: str) -> None:
    async with library.connection() as connection:
        await connection.execute(statement)


async def test_meaning_finds_what_no_word_finds_and_adds_to_what_words_find(library: Database) -> None:
    embedder = SandboxEmbedder()
    await embed(library, embedder)
    result = await search(library, "tomato soup", embedder)
    assert result.degraded == {}
    assert (result.found[0].row["id"], result.found[0].keyword_rank, result.found[0].meaning_rank) == ("soup", 1, 1)
    # The sandbox embeds groups of letters: a word that no document has still lies near those that share some.
    weights = replace(WEIGHTS, least_cosine=0.05)
    async with library.read() as connection:
        searcher = searching.Searcher(RECIPES, weights, plainly, embedder)
        near = (await searcher.search(connection, "genovesish", EVERYTHING, 10, correct=False)).found
    assert [one.row["id"] for one in near] == ["pesto"]
    assert (near[0].keyword_rank, near[0].meaning_rank, near[0].coverage, near[0].bm25) == (None, 1, 0.0, 0.0)
    assert ids(await search(library, "helicopter", embedder)) == []


async def test_both_signals_are_known_of_every_document_that_has_them(library: Database) -> None:
    embedder = SandboxEmbedder()
    await embed(library, embedder)
    result = await search(library, "tomatoes with basil", embedder)
    assert {one.row["id"] for one in result.found if one.bm25 > 0} == {"soup", "pesto", "ragu", "tart"}
    assert all(one.cosine is not None for one in result.found)


async def test_without_embedder_or_while_it_is_away_words_answer_and_the_answer_says_so(library: Database) -> None:
    by_words = await search(library, "tomato")
    assert (ids(by_words), by_words.degraded) == (["soup", "ragu"], {"meaning": NO_EMBEDDER})
    embedder = SandboxEmbedder()
    nothing = await search(library, "tomato", embedder)
    assert (ids(nothing), nothing.degraded) == (["soup", "ragu"], {"meaning": NO_VECTORS})
    await embed(library, embedder)
    embedder.go_away("the test said so.")
    away = await search(library, "tomato", embedder)
    assert ids(away) == ["soup", "ragu"]
    assert away.degraded == {"meaning": "Meaning is away: the test said so."}
    embedder.come_back()
    assert (await search(library, "tomato", embedder)).degraded == {}


async def test_vectors_of_another_model_are_never_compared(library: Database) -> None:
    await embed(library, SandboxEmbedder())
    other = await search(library, "tomato", SandboxEmbedder(model="another", dimensions=64))
    assert (ids(other), other.degraded) == (["soup", "ragu"], {"meaning": OTHER_MODEL})


async def test_lost_vectors_leave_the_words(library: Database) -> None:
    embedder = SandboxEmbedder()
    await embed(library, embedder)
    await search(library, "tomato", embedder)
    await execute(library, f"DROP TABLE {RECIPES.vectors}")
    result = await search(library, "tomato", embedder)
    assert (ids(result), result.degraded) == (["soup", "ragu"], {"meaning": VECTORS_LOST})


async def test_too_many_vectors_without_their_index_are_not_searched(
    library: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = SandboxEmbedder()
    await embed(library, embedder)
    monkeypatch.setattr(vectors, "MOST_VECTORS_WITHOUT_INDEX", 3)
    result = await search(library, "tomato", embedder)
    assert (ids(result), result.degraded) == (["soup", "ragu"], {"meaning": NO_INDEX})


@pytest.mark.parametrize("table", ["postings", "terms"])
@pytest.mark.parametrize("loss", ["DROP TABLE", "TRUNCATE"])
async def test_lost_words_are_looked_for_in_the_texts_themselves(library: Database, table: str, loss: str) -> None:
    await execute(library, f"{loss} search.recipes_{table}")
    result = await search(library, "soup tart")
    assert (result.degraded, sorted(ids(result))) == ({"keyword": POSTINGS_LOST}, ["soup", "tart"])


async def test_a_new_document_does_not_stand_behind_for_want_of_a_vector(library: Database) -> None:
    embedder = SandboxEmbedder()
    await embed(library, embedder)
    await write(library, recipe("new", "Tomato soup", TEXTS["soup"][1]))
    found = await search(library, "tomato soup", embedder)
    assert ids(found)[:2] in (["soup", "new"], ["new", "soup"])
    new = next(one for one in found.found if one.row["id"] == "new")
    assert (new.cosine, new.meaning_rank) == (None, None)


async def test_pages_of_one_search_fit_together(library: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "FUSED_KEYWORD", 5)
    monkeypatch.setattr(searching, "FUSED_MEANING", 3)
    embedder = SandboxEmbedder()
    await write(library, *(recipe(f"stew{number}", f"Tomato stew {number}", "Simmer.") for number in range(30)))
    await embed(library, embedder)
    orders: list[list[str]] = []
    for number in (10, 20, 40):
        async with library.read() as connection:
            searcher = searching.Searcher(RECIPES, WEIGHTS, plainly, embedder)
            orders.append(ids(await searcher.search(connection, "tomato stew", EVERYTHING, number)))
    assert orders[2][: len(orders[1])] == orders[1]
    assert orders[1][: len(orders[0])] == orders[0]
    assert len(orders[2]) == len(set(orders[2])) == 32
