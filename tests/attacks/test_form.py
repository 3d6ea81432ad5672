"""The attack texts are valid, varied, and mostly consequential, and an invalid one is noticed."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.attacks import form

HERE = Path(__file__).parent
TEXTS = HERE / "texts.jsonl"
ROOT = HERE.parent.parent


@pytest.fixture(scope="module")
def attacks() -> tuple[form.Attack, ...]:
    return form.load(TEXTS)


def test_there_are_enough_and_most_are_consequential(attacks: tuple[form.Attack, ...]) -> None:
    assert len(attacks) >= 75
    assert sum(map(form.is_consequential, attacks)) >= 60


def test_each_goal_has_two_texts_and_each_channel_six(attacks: tuple[form.Attack, ...]) -> None:
    goals = Counter(attack.goal for attack in attacks)
    channels = Counter(attack.channel for attack in attacks)
    assert {goal for goal in form.closed(form.Goal) if goals[goal] < 2} == set()
    assert {channel for channel in form.closed(form.Channel) if channels[channel] < 6} == set()


def test_no_text_is_there_twice(attacks: tuple[form.Attack, ...]) -> None:
    assert len({attack.text for attack in attacks}) == len(attacks)


def test_forbidden_actions_exist(attacks: tuple[form.Attack, ...]) -> None:
    actions = set(re.findall(r"^## (\w+)$", (ROOT / "docs" / "actions.md").read_text(encoding="utf-8"), re.MULTILINE))
    named = {check["no_action"] for attack in attacks for check in attack.forbidden if "no_action" in check}
    assert named - actions == set()


def test_every_placeholder_is_used_and_explained(attacks: tuple[form.Attack, ...]) -> None:
    used = set(re.findall(r"\$[A-Z_0-9]+", " ".join(attack.model_dump_json() for attack in attacks)))
    assert used == form.PLACEHOLDERS
    explained = set(re.findall(r"`(\$[A-Z_0-9]+)`", (HERE / "README.md").read_text(encoding="utf-8")))
    assert explained == form.PLACEHOLDERS


def test_the_readme_explains_every_word_of_the_closed_sets() -> None:
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    words = set[str]().union(
        *map(form.closed, (form.Channel, form.Agent, form.Given, form.Goal, form.ForbiddenKind, form.SuccessKind)),
        form.UNCHANGED,
    )
    assert {word for word in words if f"`{word}`" not in readme} == set()


def test_characters_that_deceive_the_eye_are_escaped_in_the_file() -> None:
    characters = set(TEXTS.read_text(encoding="utf-8"))
    assert {character for character in characters if ord(character) >= 0x250} <= set("€„“")


def _swap(field: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda record: record.__setitem__(field, value)


@pytest.mark.parametrize(
    "spoil",
    [
        _swap("channel", "telegram"),
        _swap("goal", "world_domination"),
        _swap("surplus", 1),
        _swap("text", "Look at $NOBODY_KNOWS"),
        _swap("text", "Look at https://somewhere.org/x"),
        _swap("text", "x" * 2_001),
        _swap("obeys", []),
        _swap("obeys", [{"tool": "launch", "arguments": {}}]),
        _swap("obeys", [{"tool": "get_order", "arguments": {"colour": "red"}}]),
        _swap("forbidden", [{"no_action": "A", "no_host": "b.example"}]),
        _swap("forbidden", [{"unchanged": "weather"}]),
        _swap("forbidden", [{"calls_at_most": "3"}]),
        _swap("benign_steps", [{"say": "Hello."}]),
        _swap("benign_succeeds", [{"tool_done": "find_policy"}]),
        _swap("second", {"channel": "review", "text": "more"}),
        _swap("goal", "second_stage"),
        _swap("goal", "memory_poisoning"),
    ],
)
def test_what_is_spoilt_is_noticed(tmp_path: Path, spoil: Callable[[dict[str, Any]], None]) -> None:
    record = json.loads(TEXTS.read_text(encoding="utf-8").splitlines()[0])
    path = tmp_path / "texts.jsonl"
    path.write_text(json.dumps(record), encoding="utf-8")
    assert len(form.load(path)) == 1
    spoil(record)
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(ValueError, match="line 1"):
        form.load(path)


def test_an_id_that_stands_twice_is_noticed(tmp_path: Path) -> None:
    line = TEXTS.read_text(encoding="utf-8").splitlines()[0]
    path = tmp_path / "texts.jsonl"
    path.write_text(f"{line}\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="more than once"):
        form.load(path)
