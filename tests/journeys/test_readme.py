"""The README's own first product, played line by line as it is written there: who follows it gets what it says."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bottega.platform.database import embedded

README = Path(__file__).parents[2] / "README.md"
SECTION = "## Your own first product, sold, shipped and refunded"
LONGEST_SECONDS = 90.0
_IDENTIFIER = re.compile(r"\b[a-z]{3}_[0-9a-z]{26}\b")
_NUMBER = re.compile(r"\bB-\d+\b")
# Amounts, numbers of orders, names of products and people, and what became of the order.
_FACTS = re.compile(r"\d+\.\d\d EUR|B-1\b|Olive Soap|Ada Prova|test card|is paid")


@dataclass
class Step:
    """A command of the tour with what is typed into it and what it answers, each as the README has it."""

    command: str
    typed: list[str] = field(default_factory=list[str])
    answers: list[str] = field(default_factory=list[str])


def blocks() -> dict[str, str]:
    """The section's blocks of code by their language."""
    section = README.read_text(encoding="utf-8").partition(SECTION)[2].partition("\n## ")[0]
    return dict(re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL))


def steps(block: str) -> Iterator[Step]:
    """Every command but the last, which serves until it is stopped."""
    found: list[Step] = []
    for line in block.splitlines():
        if not line.startswith("#"):
            found.append(Step(line.partition("   #")[0].strip()))
            continue
        said = line[1:].strip()
        if said.startswith("you "):
            found[-1].typed.append(said.removeprefix("you ").strip())
        else:
            found[-1].answers.append(said.removeprefix("shop ").strip())
    assert found.pop().command == "bottega serve"
    yield from found


@pytest.mark.slow
def test_the_tour_goes_as_it_is_written(tmp_path: Path) -> None:
    texts = blocks()
    (tmp_path / "soap.jsonl").write_text(texts["json"], encoding="utf-8")
    shop = tmp_path / "first-shop"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOTTEGA_", "DATABASE_URL"))}
    environment = {**kept, "BOTTEGA_DATA_DIR": str(shop), "COLUMNS": "200"}
    # The one answered first of each kind, for the lines that name it `shz_…`.
    identifiers: dict[str, str] = {}
    try:
        for step in steps(texts["sh"]):
            command = step.command
            for kind, identifier in identifiers.items():
                command = command.replace(f"{kind}_…", identifier)
            name, *arguments = shlex.split(command)
            assert name == "bottega"
            ran = subprocess.run(
                [sys.executable, "-m", "bottega", *arguments],
                cwd=tmp_path,
                env=environment,
                input="".join(f"{line}\n" for line in step.typed),
                capture_output=True,
                text=True,
                timeout=LONGEST_SECONDS,
                check=False,
            )
            assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
            assert_said(step, ran.stdout)
            identifiers |= {one[:3]: one for one in reversed(_IDENTIFIER.findall(ran.stdout))}
    finally:
        embedded.reset(shop)


def assert_said(step: Step, output: str) -> None:
    """What commands answer, and the facts of what the assistant says, in their order.

    It has several ways to say a thing, and an order another number each time; `…` stands for what is left out.
    """
    rest = _NUMBER.sub("B-1", " ".join(output.split()))
    for answer in step.answers:
        said = _NUMBER.sub("B-1", answer)
        for part in _FACTS.findall(said) if step.typed else said.split("…"):
            before, found, rest = rest.partition(" ".join(part.split()))
            assert found or not part.strip(), f"{step.command}: {part!r} is not said after what comes before: {before}"
