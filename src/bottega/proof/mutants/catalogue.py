"""The catalogue of seeded faults, and the rules of policy and the parts of the guard, each removed in turn."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from bottega.kernel.errors import Conflict, NotFound

RULES = "src/bottega/actions/policy/packs/default"
RULE_SUITES = ("tests/actions/policy/test_default_pack.py",)
GUARD = "src/bottega/runtime/guard/full.py"
GUARD_SUITES = ("tests/runtime/test_guard_left_out.py", "tests/runtime/test_limits.py", "tests/runtime/test_turns.py")
# What asks for a yes, and what decides whether one is asked for, are looked at where yeses are.
CONFIRMING = {"PolicyCritic", "ConfirmingCritic"}
CONFIRMING_SUITES = ("tests/runtime/test_confirmations.py",)
_GUARD_PART = re.compile(r"(?P<name>[A-Z]\w+(?:Critic|Check))\([^()]*\)(?:,\s*)?")
_RULE = re.compile(r'^@id\("(?P<name>[^"]+)"\).*?;\n', re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Edit:
    """A text that stands exactly once in a file, and what takes its place."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A seeded fault; `suites` have to notice it."""

    name: str
    says: str
    suites: tuple[str, ...]
    edits: tuple[Edit, ...]


@cache
def seeded_faults() -> tuple[Mutant, ...]:
    """The faults that are written down."""
    text = (resources.files("bottega.proof.mutants") / "catalogue.toml").read_text(encoding="utf-8")
    return tuple(
        Mutant(one["name"], one["says"], tuple(one["suites"]), tuple(Edit(**edit) for edit in one["edits"]))
        for one in tomllib.loads(text)["mutant"]
    )


def removed_rules(root: Path) -> tuple[Mutant, ...]:
    """One fault for each rule of the default policy pack: without it."""
    found: list[Mutant] = []
    for file in sorted((root / RULES).glob("*.cedar")):
        name = f"{RULES}/{file.name}"
        found += [
            Mutant(
                f"without rule {rule['name']}",
                f"The rule {rule['name']} is removed.",
                RULE_SUITES,
                (Edit(name, rule.group(), ""),),
            )
            for rule in _RULE.finditer(file.read_text(encoding="utf-8"))
        ]
    return tuple(found)


def removed_guards(root: Path) -> tuple[Mutant, ...]:
    """One fault for each part of the full guard: without it."""
    text = (root / GUARD).read_text(encoding="utf-8")
    return tuple(
        Mutant(
            f"without guard {part['name']}",
            f"The guard has no {part['name']}.",
            CONFIRMING_SUITES if part["name"] in CONFIRMING else GUARD_SUITES,
            (Edit(GUARD, part.group(), ""),),
        )
        for part in _GUARD_PART.finditer(text)
    )


def all_mutants(root: Path) -> tuple[Mutant, ...]:
    """Every fault, by a name of its own."""
    return (*seeded_faults(), *removed_rules(root), *removed_guards(root))


def chosen(root: Path, only: str) -> tuple[Mutant, ...]:
    """Those whose name holds the text; `NotFound` when there is none."""
    found = tuple(mutant for mutant in all_mutants(root) if only in mutant.name)
    if not found:
        raise NotFound("no_such_mutant", f"No seeded fault is named '{only}'.", next_step="See docs/proof.md.")
    return found


def apply(mutant: Mutant, root: Path) -> dict[Path, str]:
    """Puts the fault into the tree; returns the files as they were. `Conflict` when the code has moved on."""
    before: dict[Path, str] = {}
    for edit in mutant.edits:
        path = root / edit.file
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text.count(edit.find) != 1:
            restore(before)
            raise Conflict(
                "mutant_does_not_fit",
                f"'{mutant.name}': its text stands {text.count(edit.find)} times in {edit.file}, not once.",
                next_step="Bring src/bottega/proof/mutants/catalogue.toml up to date with the code.",
            )
        before.setdefault(path, text)
        path.write_text(text.replace(edit.find, edit.replace), encoding="utf-8")
    return before


def restore(before: dict[Path, str]) -> None:
    """Takes a fault out again."""
    for path, text in before.items():
        path.write_text(text, encoding="utf-8")
