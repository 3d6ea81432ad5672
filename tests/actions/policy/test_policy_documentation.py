"""The page about policy names every fact, group and figure of the default pack, and its example loads."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bottega.actions.policy import PolicyPackRejected, default_pack, load_packs
from tests.actions.policy.pack_writing import Person

PAGE = (Path(__file__).resolve().parents[3] / "docs/policy.md").read_text(encoding="utf-8")
EXAMPLE = {
    match["name"]: match["text"]
    for match in re.finditer(r"^```\w+\n(?:#|//) (?P<name>\S+)\n(?P<text>.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
}


def facts_in(node: Any) -> Iterator[str]:
    """The attributes of `context` that a rule reads."""
    if isinstance(node, dict):
        for operator in (".", "has"):
            if operator in node and node[operator]["left"] == {"Var": "context"}:
                yield node[operator]["attr"]
        for inner in node.values():
            yield from facts_in(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from facts_in(inner)


def named_in_tables(heading: str) -> set[str]:
    """The code spans in the first column of the tables under a heading."""
    section = PAGE.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_fact_that_a_rule_reads_is_documented_and_no_other() -> None:
    (pack,) = load_packs([default_pack()]).packs
    read = {fact for rule in pack.rules for fact in facts_in(json.loads(rule.tree_json))}
    documented = named_in_tables("### Facts of the engine") | named_in_tables("### Facts of the shop")
    assert documented == read | {"approved"}


def test_every_group_is_documented_and_no_other() -> None:
    assert named_in_tables("## Groups") == set(load_packs([default_pack()]).groups())


def test_the_figures_on_the_page_are_those_of_the_pack() -> None:
    (pack,) = load_packs([default_pack()]).packs
    assert f"With the default pack ({len(pack.rules)} rules" in PAGE
    assert f"loading with all {len(pack.case_book.cases)}\ncases" in PAGE


def write_example(folder: Path) -> Path:
    assert set(EXAMPLE) == {"pack.toml", "rules.cedar", "cases.toml"}
    folder.mkdir()
    for name, text in EXAMPLE.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_example_loads_over_the_default_pack(tmp_path: Path) -> None:
    book = load_packs([default_pack(), write_example(tmp_path / "example")])
    bound = book.bind({"ExchangeItems": ("own", "orders", "exchanges")})
    owner = Person("staff", "stf_1", "owner")
    assert bound.decide("ExchangeItems", owner, {"exchanges_before": 1}).rule_ids == ("exchange.only_once",)
    assert bound.decide("ExchangeItems", owner, {"exchanges_before": 0}).effect == "permit"


def test_the_error_on_the_page_is_what_a_failing_case_says(tmp_path: Path) -> None:
    folder = write_example(tmp_path / "example")
    rules = folder / "rules.cedar"
    rules.write_text(rules.read_text().replace("exchanges_before > 0", "exchanges_before > 1"))
    with pytest.raises(PolicyPackRejected) as caught:
        load_packs([default_pack(), folder])
    assert f"    {caught.value.message}\n" in PAGE
