"""Corrections, and the languages of greetings."""

import pytest

from bottega.agents.assistant.language.slots.corrections import Correction, correction
from bottega.agents.assistant.language.slots.greetings import greeted_in


@pytest.mark.parametrize(
    ("text", "instead", "instead_of"),
    [
        ("No, I meant the second", "the second", ""),
        ("actually, make it three", "make it three", ""),
        ("sorry I meant size L", "size L", ""),
        ("not the red, the blue", "the blue", "the red"),
        ("the blue not the red", "the blue", "the red"),
        ("not in black but in green", "green", "black"),
        ("two instead of one", "two", "one"),
    ],
)
def test_corrections(text: str, instead: str, instead_of: str) -> None:
    assert correction(text) == Correction(instead, instead_of)


@pytest.mark.parametrize("text", ["waiting for you", "actually", "is it in stock?", "waits"])
def test_what_corrects_nothing(text: str) -> None:
    assert correction(text) is None


def test_languages_of_greetings() -> None:
    assert greeted_in("Buongiorno, vorrei una giacca") == "it"
    assert greeted_in("Grüß Gott") == "de"
    assert greeted_in("hello there") == "en"
