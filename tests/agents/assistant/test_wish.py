"""What a sentence is understood as."""

import pytest

from bottega.agents.assistant.wish import Wish, is_no, is_yes, understand
from bottega.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("sentence", "wish"),
    [
        ("a warm jacket under 150 euro", Wish(("warm", "jacket"), most_minor=15000)),
        ("I need hiking boots between €80 and €120.50", Wish(("hiking", "boots"), 8000, 12050)),
        ("Show me a tent over 300 EUR", Wish(("tent",), least_minor=30000)),
        ("something for up to 19,99 €: gloves", Wish(("gloves",), most_minor=1999)),
        ("a TN-2110 toner", Wish(("tn-2110", "toner"))),
    ],
)
def test_words_and_bounds(sentence: str, wish: Wish) -> None:
    assert understand(sentence, "EUR") == wish


def test_nothing_but_filler_asks_again() -> None:
    with pytest.raises(Invalid) as refused:
        understand("hello, can you find me something?", "EUR")
    assert refused.value.code == "nothing_to_search"


def test_only_a_plain_yes_is_a_yes() -> None:
    assert is_yes("Yes!")
    assert not is_yes("yes, but in blue")
    assert is_no("No thanks.")
    assert not is_no("not sure")
