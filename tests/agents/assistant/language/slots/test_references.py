"""What somebody means among the things that were shown."""

import pytest

from bottega.agents.assistant.language.slots.references import Reference, Shown, reference

SHOWN = (
    Shown("product_1", "Fell Warden Down Jacket", 14900, frozenset({"jackets", "corvado", "red"})),
    Shown("product_2", "Rain Ridge Shell Jacket", 9900, frozenset({"jackets", "blue"})),
    Shown("product_3", "Glacier Softshell Trousers", 12900, frozenset({"trousers"})),
)


@pytest.mark.parametrize(
    ("text", "handles", "by"),
    [
        ("the second one", ("product_2",), "place"),
        ("is the second in stock in M?", ("product_2",), "place"),
        ("the last one please", ("product_3",), "place"),
        ("number 3", ("product_3",), "place"),
        ("#2", ("product_2",), "place"),
        ("2", ("product_2",), "place"),
        ("the first two", ("product_1", "product_2"), "place"),
        ("the last two", ("product_2", "product_3"), "place"),
        ("compare 1 and 3", ("product_1", "product_3"), "place"),
        ("compare the first and the third", ("product_1", "product_3"), "place"),
        ("give me two of the first", ("product_1",), "place"),
        ("the cheaper one", ("product_2",), "price"),
        ("I'll take the cheapest one", ("product_2",), "price"),
        ("the most expensive one", ("product_1",), "price"),
        ("the dearer jacket", ("product_1",), "price"),
        ("the trousers", ("product_3",), "name"),
        ("the fell warden", ("product_1",), "name"),
        ("fel wardn jacket", ("product_1",), "name"),
        ("the red one", ("product_1",), "name"),
        ("the glacier and the rain ridge", ("product_2", "product_3"), "name"),
        ("both", ("product_1", "product_2"), "pronoun"),
        ("all three", ("product_1", "product_2", "product_3"), "pronoun"),
        ("compare them", ("product_1", "product_2", "product_3"), "pronoun"),
    ],
)
def test_references(text: str, handles: tuple[str, ...], by: str) -> None:
    assert reference(text, SHOWN) == Reference(handles, by)


def test_several_that_fit_are_said_to_be_ambiguous() -> None:
    assert reference("that jacket", SHOWN) == Reference(("product_1", "product_2"), "name", is_ambiguous=True)
    assert reference("it", SHOWN) == Reference(("product_1", "product_2", "product_3"), "pronoun", is_ambiguous=True)


def test_a_pronoun_means_what_was_last_spoken_about() -> None:
    assert reference("is it warm?", SHOWN, focus=["product_2"]) == Reference(("product_2",), "pronoun")
    assert reference("is it warm?", SHOWN[:1]) == Reference(("product_1",), "pronoun")


@pytest.mark.parametrize(
    "text", ["something cheaper", "what about a tent", "the ninth one", "wait a second", "at first I thought", ""]
)
def test_what_refers_to_nothing_shown(text: str) -> None:
    assert reference(text, SHOWN) is None


def test_nothing_shown_is_referred_to_by_nothing() -> None:
    assert reference("the first one", ()) is None
