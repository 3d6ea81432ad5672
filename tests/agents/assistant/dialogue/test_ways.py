"""Which way to deliver words choose."""

import pytest

from bottega.agents.assistant.dialogue.ways import method_named

METHODS = [
    {"name": "Collect in the store in Trento", "kind": "collection", "amount_minor": 0},
    {"name": "Standard delivery", "kind": "delivery", "amount_minor": 590, "maximum_days": 3},
    {"name": "Express delivery", "kind": "delivery", "amount_minor": 990, "maximum_days": 1},
]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("standard", "Standard delivery"),
        ("standart pls", "Standard delivery"),
        ("standard. Is it going to my home address?", "Standard delivery"),
        ("Ada Prova, Via Roma 1, 38122 Trento, Italy, express", "Express delivery"),
        ("the fastest", "Express delivery"),
        ("the cheapest one", "Standard delivery"),
        ("I pick it up", "Collect in the store in Trento"),
    ],
)
def test_a_method_is_chosen(text: str, name: str) -> None:
    method = method_named(text, METHODS)
    assert method is not None
    assert method["name"] == name


@pytest.mark.parametrize("text", ["", "yes", "Ada Prova, Via Roma 1, 38122 Trento, Italy"])
def test_nothing_is_chosen_by_a_town_or_a_yes(text: str) -> None:
    assert method_named(text, METHODS) is None
