"""What people type: pieces, joined and split words, synonyms, and words spelt wrong."""

import pytest

from bottega.platform.database.pool import Database
from bottega.retrieval.asked import Correction, KeywordQuery, ask
from tests.retrieval.library import RECIPES, found, recipe, search, write


async def asked(library: Database, text: str, **options: object) -> KeywordQuery:
    async with library.read() as connection:
        return await ask(connection, RECIPES, text, **options)  # pyright: ignore[reportArgumentType] - the options of `ask`


@pytest.mark.parametrize(
    ("typed", "read", "expected"),
    [
        ("basli", "basil", ["soup", "pesto"]),
        ("tomatos", "", ["soup", "ragu"]),
        ("lemmon", "lemon", ["tart"]),
        ("sourdouhg", "sourdough", ["bread"]),
        ("bolonese", "bolognese", ["ragu"]),
        ("genvoese", "genovese", ["pesto"]),
    ],
)
async def test_a_mistyped_word_is_read_as_the_likeliest(
    library: Database, typed: str, read: str, expected: list[str]
) -> None:
    # A word in one document may itself be a slip: these are in two.
    await write(library, recipe("copy1", "Basil lemon sourdough bolognese genovese", ""))
    result = await search(library, typed)
    assert result.query.corrections == ((Correction(typed, read),) if read else ())
    assert [one.row["id"] for one in result.found if one.row["id"] != "copy1"] == expected


async def test_numbers_short_words_and_known_words_are_never_corrected(library: Database) -> None:
    await write(library, recipe("oven", "Oven 2110", "two 2110"), recipe("oven2", "Oven 2110 pine", ""))
    for text in ("2111", "oil", "pin", "tart"):
        assert (await asked(library, text)).corrections == (), text
    assert await found(library, "2111") == []


async def test_model_numbers_are_found_however_they_are_written(library: Database) -> None:
    await write(
        library,
        recipe("a", "Mixer TN-2110"),
        recipe("b", "Mixer TN2110"),
        recipe("c", "Mixer TN 2110"),
        recipe("d", "Mixer TN-2120"),
    )
    for text in ("TN-2110", "tn2110", "TN 2110"):
        assert sorted((await found(library, text))[:3]) == ["a", "b", "c"], text
    assert (await found(library, "tn-2120"))[0] == "d"


async def test_words_written_as_one_or_as_two_are_found(library: Database) -> None:
    await write(library, recipe("nuts", "Peanut butter"), recipe("corn", "Pop corn"))
    assert (await found(library, "pea nut"))[0] == "nuts"
    assert (await found(library, "popcorn"))[0] == "corn"


async def test_synonyms_stand_for_words_and_for_phrases(library: Database) -> None:
    synonyms = {("aubergin",): ("sourdough",), ("green", "sauc"): ("pesto genovese",)}
    query = await asked(library, "aubergine", synonyms=synonyms)
    assert [(term.text, term.origin, term.bits) for term in query.terms] == [("sourdough", "synonym", 1)]
    phrase = await asked(library, "green sauce", synonyms=synonyms)
    assert sorted((term.text, term.bits) for term in phrase.terms) == [("genoves", 3), ("pesto", 0)]
    assert phrase.coverage(3) == pytest.approx(1.0)


async def test_how_much_each_word_tells_adds_up_to_one(library: Database) -> None:
    query = await asked(library, "tomatoes basil frobnicate")
    assert query.words == ("tomatoes", "basil", "frobnicate")
    assert sum(query.importance) == pytest.approx(1.0)
    # What no document has tells the most, what two have the least.
    assert query.importance[2] > query.importance[0] == query.importance[1]
    assert query.words_of(0b101) == ["tomatoes", "frobnicate"]


async def test_at_most_twelve_words_count(library: Database) -> None:
    query = await asked(library, " ".join(f"w{'a' * number}" for number in range(1, 40)))
    assert len(query.words) == 12
