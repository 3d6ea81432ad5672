"""The page about a shop's rule book: every rule, action, tool and critic that it names exists, and its figures hold."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bottega.actions.policy import default_pack, load_packs
from bottega.actions.registry import registered_handlers
from bottega.agents.assistant.critics import NoCardNumbers
from bottega.agents.tools.customer_tools import customer_tools
from bottega.bootstrap import load_shop
from bottega.runtime.guard.full import full_guard

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/tau-retail-rules.md").read_text(encoding="utf-8")
ROWS = [
    (int(cells[1]), cells[3].strip(), cells[4])
    for line in PAGE.splitlines()
    if (cells := line.split("|")) and len(cells) == 6 and cells[1].strip().isdecimal()
]
NAMED = {name for _, _, where in ROWS for name in re.findall(r"`([\w.]+)`", where)}

load_shop()
PACKS = load_packs([default_pack(), ROOT / "examples/policy-packs/tau-retail"]).packs
RULES = {rule.rule_id for pack in PACKS for rule in pack.rules}
ACTIONS = set(registered_handlers())
GUARD = full_guard()
CRITICS = {critic.name for critic in (*GUARD.critics, *GUARD.checks, NoCardNumbers())}
NOTHING: Any = SimpleNamespace(effects=None, search=None, pages=None, library=None)
TOOLS = {tool.name for tool in customer_tools(NOTHING)}


def test_it_has_32_rules_of_which_the_figures_are_right() -> None:
    assert [number for number, _, _ in ROWS] == list(range(1, 33))
    fully = [number for number, decided, _ in ROWS if decided == "fully"]
    partly = [number for number, decided, _ in ROWS if decided == "partly"]
    assert len(fully) + len(partly) == len(ROWS)
    assert f"{len(ROWS)} rules {len(fully)} are decided fully outside a model, {len(partly)} partly" in PAGE


def test_everything_that_it_names_exists() -> None:
    assert set() == NAMED - RULES - ACTIONS - CRITICS - TOOLS


def test_each_row_names_what_enforces_it() -> None:
    empty = [number for number, _, where in ROWS if not re.search(r"`[\w.]+`", where)]
    assert empty == []


def test_every_rule_of_the_pack_stands_there() -> None:
    (pack,) = (pack for pack in PACKS if pack.name == "tau-retail")
    assert {rule.rule_id for rule in pack.rules} <= NAMED
