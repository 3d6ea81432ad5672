"""Numbers of orders, and quantities."""

import pytest

from bottega.agents.assistant.language.slots.numbers import Quantity, order_numbers, quantity


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("B-10133", ("B-10133",)),
        ("where is b10133?", ("B-10133",)),
        ("it's B 10220, thanks", ("B-10220",)),
        ("my order number is 10133", ("B-10133",)),
        ("where is order no. 10455?", ("B-10455",)),
        ("#10133", ("B-10133",)),
        ("orders B-10001 and B-10002, B-10001 first", ("B-10001", "B-10002")),
        ("order b one oh one three three", ("B-10133",)),
        ("I ordered 2 tents", ()),
        ("my PIN is 123456", ()),
        ("call +39 333 1234567", ()),
        ("10133", ()),
    ],
)
def test_order_numbers(text: str, numbers: tuple[str, ...]) -> None:
    assert order_numbers(text) == numbers


@pytest.mark.parametrize(
    ("text", "number"), [("10133", "B-10133"), ("b 10133.", "B-10133"), ("one zero one three three", "B-10133")]
)
def test_a_bare_number_answers_the_question_for_one(text: str, number: str) -> None:
    assert order_numbers(text, asked=True) == (number,)
    assert order_numbers("two of them", asked=True) == ()


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("two", "exactly", 2),
        ("2", "exactly", 2),
        ("12 please", "exactly", 12),
        ("a pair", "exactly", 1),
        ("make it 3", "exactly", 3),
        ("2x", "exactly", 2),
        ("x2", "exactly", 2),
        ("three of them", "exactly", 3),
        ("I want 2 of the blue ones", "exactly", 2),
        ("a couple", "exactly", 2),
        ("a dozen", "exactly", 12),
        ("half a dozen", "exactly", 6),
        ("twenty-five", "exactly", 25),
        ("two instead of one", "exactly", 2),
        ("from two to three", "exactly", 3),
        ("just one", "exactly", 1),
        ("add one", "exactly", 1),
        ("one more", "more", 1),
        ("another one", "more", 1),
        ("two more please", "more", 2),
        ("one fewer", "fewer", 1),
    ],
)
def test_quantities(text: str, kind: str, number: int) -> None:
    found = quantity(text)
    assert found is not None
    assert (found.kind, found.number) == (kind, number)


@pytest.mark.parametrize(
    "text",
    [
        "size 42",
        "I'll take the second one",
        "the red one",
        "under 100 euros",
        "60 metres",
        "a tent for two people",
        "a two-person tent",
        "B-10133",
        "one moment",
        "no",
        "",
        "12:30",
        "40 €",
    ],
)
def test_numbers_that_are_no_quantities(text: str) -> None:
    assert quantity(text) is None


def test_an_article_answers_the_question_how_many() -> None:
    assert quantity("just the one") is None
    assert quantity("just the one", asked=True) == Quantity("exactly", 1)
