"""Words find documents, in the order of BM25, and never more of them are looked at than the limits say."""

import math

import pytest

from bottega.platform.database.pool import Database
from bottega.retrieval import counting, keyword, narrowing
from bottega.retrieval.asked import ask
from bottega.retrieval.narrowing import Narrowing
from tests.retrieval.library import EVERYTHING, RECIPES, found, recipe, search, write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomato", ["soup", "ragu"]),
        ("tomatoes", ["soup", "ragu"]),
        ("RAGU", ["ragu"]),
        ("basil tomatoes", ["soup", "pesto", "ragu"]),
        ("lemon curd", ["tart"]),
        ("250c", ["bread"]),
        ("250 C", ["bread"]),
        ("helicopter", []),
        ("?!", []),
    ],
)
async def test_words_find_documents_the_best_first(library: Database, text: str, expected: list[str]) -> None:
    assert await found(library, text) == expected


async def test_the_score_is_bm25(library: Database) -> None:
    """One word in one field of one document, reckoned by hand; the field has weight 1 and b 0.75, k1 is 1.2."""
    async with library.read() as connection:
        query = await ask(connection, RECIPES, "pine")
        (match,) = (await keyword.rank(connection, RECIPES, query, EVERYTHING, 10)).found
        (average,) = await connection.fetch("SELECT average_lengths FROM search.corpora WHERE corpus = 'recipes'")
    steps = len(["Crush", "basil", "with", "pine", "nuts", "garlic", "oil", "and", "cheese", "in", "a", "mortar"])
    frequency = 1.0 / (1 - 0.75 + 0.75 * steps / average["average_lengths"][1])
    rarity = math.log(1 + (5 - 1 + 0.5) / (1 + 0.5))
    assert match.score == pytest.approx(rarity * 2.2 * frequency / (1.2 + frequency), rel=1e-5)


async def test_a_condition_holds_whether_few_or_many_meet_it(
    library: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = Narrowing(f"{RECIPES.documents} r", "r.document", "r.id <> $1", ("ragu",), ("r.id",))
    assert [one.row["id"] for one in (await search(library, "tomato", narrowing=few)).found] == ["soup"]
    # Known, but too many to look at each.
    monkeypatch.setattr(narrowing, "FEW_DOCUMENTS", 0)
    assert [one.row["id"] for one in (await search(library, "tomato", narrowing=few)).found] == ["soup"]
    # Too many to be known.
    monkeypatch.setattr(counting, "FEW_DOCUMENTS", 0)
    assert [one.row["id"] for one in (await search(library, "tomato", narrowing=few)).found] == ["soup"]


async def test_cut_postings_are_completed_and_said_to_be_cut(
    library: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(library, *(recipe(f"stew{number}", "Stew", "Simmer with salt.") for number in range(20)))
    whole = await search(library, "simmer salt bread")
    monkeypatch.setattr(keyword, "POSTINGS_READ", 3)
    monkeypatch.setattr(keyword, "POSTINGS_READ_DEEPLY", 3)
    cut = await search(library, "simmer salt bread")
    assert (whole.complete, cut.complete) == (True, False)
    assert cut.considered < whole.considered == 23
    scores = {one.row["id"]: one.bm25 for one in whole.found}
    assert {one.row["id"]: one.bm25 for one in cut.found} == {
        one.row["id"]: pytest.approx(scores[one.row["id"]], rel=1e-5) for one in cut.found
    }


@pytest.mark.parametrize("is_known", [False, True])
async def test_when_too_few_meet_a_condition_frequent_words_are_read_deeper(
    library: Database, monkeypatch: pytest.MonkeyPatch, is_known: bool
) -> None:
    await write(library, *(recipe(f"stew{number}", "Tomato stew", "Tomato, tomato.") for number in range(20)))
    monkeypatch.setattr(keyword, "POSTINGS_READ", 3)
    monkeypatch.setattr(keyword, "LEAD_BY_KNOWN", 0)
    for limits in (counting, narrowing):
        monkeypatch.setattr(limits, "FEW_DOCUMENTS", 0)
    ragu = Narrowing(f"{RECIPES.documents} r", "r.document", "r.id = 'ragu'", (), ("r.id",), is_common=is_known)
    assert [one.row["id"] for one in (await search(library, "tomato", narrowing=ragu)).found] == ["ragu"]


async def test_a_greater_number_only_adds_at_the_end(library: Database) -> None:
    await write(library, *(recipe(f"stew{number}", "Stew", "Simmer with salt.") for number in range(40)))
    async with library.read() as connection:
        query = await ask(connection, RECIPES, "simmer salt tomatoes")
        orders = [
            [match.document for match in (await keyword.rank(connection, RECIPES, query, EVERYTHING, number)).found]
            for number in (5, 10, 30)
        ]
    assert orders[0] == orders[1][:5] == orders[2][:5]
    assert orders[1] == orders[2][:10]
    assert [len(order) for order in orders] == [5, 10, 30]
