"""How deep a search looks: nothing that meets a condition is lost because something else was looked at first."""

import pytest

from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.platform.database.pool import Database
from bottega.retrieval import counting, keyword, narrowing, vectors
from bottega.retrieval.narrowing import Narrowing
from bottega.retrieval.search import FUSED_KEYWORD, Searcher
from tests.retrieval.library import EVERYTHING, RECIPES, WEIGHTS, embed, ids, plainly, recipe, search, write

HERBS = ("basil", "chervil", "dill", "lovage", "sorrel", "tarragon")


def of(condition: str, *values: object) -> Narrowing:
    return Narrowing(f"{RECIPES.documents} r", "r.document", condition, values, ("r.id",), is_common=True)


async def test_among_few_every_word_counts_however_many_words_there_are(library: Database) -> None:
    """The best has the three most frequent words; those that have one of the rarer ones are many."""
    own = [recipe(f"own{place}", f"Omelette {HERBS[place % 3]}", "Beat.") for place in range(30)]
    others = [
        recipe(f"other{place}{herb}", f"Salad {herb}", "Toss.")
        for number, herbs in ((20, HERBS[:3]), (40, HERBS[3:]))
        for herb in herbs
        for place in range(number)
    ]
    await write(library, *own, *others, recipe("own", f"Omelette {' '.join(HERBS[3:])}", "Beat."))
    found = await search(library, " ".join(HERBS), narrowing=of("r.id LIKE $1", "own%"))
    assert ids(found)[0] == "own"
    assert found.complete


@pytest.mark.parametrize("way", ["few", "known", "known to lead to", "many"])
async def test_what_stands_behind_all_that_was_held_against_a_condition_is_found(
    library: Database, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    await write(library, *(recipe(f"first{place}", "Stew", "Gorgonzola.") for place in range(80)))
    long = f"Gorgonzola, and {'salt ' * 30}"
    await write(library, *(recipe(f"behind{place}", "Stew of many other things", long) for place in range(5)))
    monkeypatch.setattr(keyword, "HELD_AGAINST_CONDITION", 10)
    for module in (counting, narrowing):
        monkeypatch.setattr(module, "FEW_DOCUMENTS", 3_000 if way == "few" else 0)
    monkeypatch.setattr(counting, "KNOWN_DOCUMENTS", 0 if way == "many" else 20_000)
    monkeypatch.setattr(keyword, "LEAD_BY_KNOWN", 8_000 if way == "known to lead to" else 0)
    found = await search(library, "gorgonzola", narrowing=of("r.id LIKE $1", "behind%"))
    assert sorted(ids(found)) == [f"behind{place}" for place in range(5)]


async def test_with_meaning_too_a_greater_number_only_adds_at_the_end(library: Database) -> None:
    embedder = SandboxEmbedder()
    await write(
        library,
        *(
            recipe(f"stew{n}", f"Tomato stew {'x' * n}", f"{'tomato ' * (1 + n % 7)}{'simmer ' * (n % 11)}")
            for n in range(150)
        ),
    )
    await embed(library, embedder)
    orders: list[list[tuple[str, float]]] = []
    async with library.read() as connection:
        for number in (21, FUSED_KEYWORD, 130):
            searcher = Searcher(RECIPES, WEIGHTS, plainly, embedder)
            one = await searcher.search(connection, "tomato stew", EVERYTHING, number)
            orders.append([(scored.row["id"], scored.coverage) for scored in one.found])
    assert orders[0] == orders[1]
    assert orders[1] == orders[2][: len(orders[1])]
    assert len(orders[2]) >= 130


@pytest.mark.parametrize("way", ["few", "known", "known to lead to", "many"])
async def test_the_nearest_are_the_same_however_it_is_known_what_meets_a_condition(
    library: Database, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    embedder = SandboxEmbedder()
    stews = [
        recipe(f"{kind}{n}", f"Stew {n}", f"{'leek ' * (n % 9)}barley") for kind in ("own", "other") for n in range(90)
    ]
    await write(library, *stews)
    await embed(library, embedder)
    for module in (counting, narrowing):
        monkeypatch.setattr(module, "FEW_DOCUMENTS", 3_000 if way == "few" else 0)
    monkeypatch.setattr(counting, "KNOWN_DOCUMENTS", 0 if way == "many" else 20_000)
    monkeypatch.setattr(vectors, "LEAD_BY_KNOWN", 8_000 if way == "known to lead to" else 0)
    (query,) = await embedder.embed(["leek and barley"], purpose="query")
    async with library.read() as connection:
        narrowed = await counting.count(connection, of("r.id LIKE $1", "own%"))
        nearest = await vectors.near(connection, RECIPES, query, narrowed, 30)
        everything = await vectors.near(connection, RECIPES, query, EVERYTHING, 180)
    expected = [one.document for one in everything if one.row["id"].startswith("own")][:30]
    assert [one.document for one in nearest] == expected
    assert all(one.row["id"].startswith("own") for one in nearest)
