"""Names of products in messages: whole and in part, misspelt, of several things, and words that are none."""

import pytest

from bottega.agents.assistant.language.product_names import ProductNames

TITLES = {
    "shell": "Stormglass Three-Layer Shell",
    "shell-women": "Stormglass Three-Layer Shell Women",
    "torch": "Dayspring 400 Head Torch",
    "trail": "Dayspring 700 Trail Torch",
    "tent": "Alder Nine Ultralight Tent",
    "footprint": "Alder Nine Footprint",
    "toe": "Toe Lane Sock",
    "knife": "Harvest Moon Pocket Knife",
}
NAMES = ProductNames(TITLES)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("I'll take the Dayspring 400 Head Torch", ("torch",)),
        ("how bright is the Dayspring 700?", ("trail",)),
        ("does the stormglas shell have a hood", ("shell",)),
        ("the women's Stormglass shell please", ("shell-women",)),
        ("put the Harvest Moon knife in my cart", ("knife",)),
    ],
)
def test_a_product_is_named_by_its_title_or_part_of_it(text: str, keys: tuple[str, ...]) -> None:
    (named,) = NAMES.named_in(text)
    assert named.keys == keys


def test_two_names_in_one_message_keep_their_order_and_their_places() -> None:
    text = "compare the Alder Nine Ultralight Tent with the Harvest Moon knife"
    tent, knife = NAMES.named_in(text)
    assert (tent.keys, knife.keys) == (("tent",), ("knife",))
    assert text[tent.start : tent.end] == "Alder Nine Ultralight Tent"
    assert text[knife.start : knife.end] == "Harvest Moon knife"


def test_of_a_line_of_products_the_others_are_kept_beside_the_best() -> None:
    (named,) = NAMES.named_in("how heavy is the Alder Nine?")
    assert (named.keys, named.also) == (("footprint",), ("tent",))


@pytest.mark.parametrize("text", ["my toes are cold", "where is my parcel", "a tent for two", "four hundred thanks"])
def test_everyday_words_name_nothing(text: str) -> None:
    assert NAMES.named_in(text) == []


def test_words_of_titles_are_known_however_they_are_written() -> None:
    assert NAMES.known_in("a Torch, a stormglas thing and 400 bananas") == ["torch", "stormglas"]
