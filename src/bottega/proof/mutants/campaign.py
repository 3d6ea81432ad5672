"""The campaign of seeded faults: each goes into a copy of the source, and its suites run until they notice it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bottega.actions.policy.engine import load_packs
from bottega.actions.policy.rejection import PolicyPackRejected
from bottega.kernel.errors import Conflict, NotFound
from bottega.proof.mutants.catalogue import RULE_SUITES, RULES, Mutant, apply, restore
from bottega.proof.report import Report, Tell, Violation, tell_nobody

Fate = Literal["caught", "survived", "not caught in time", "does not run"]
COPIED = ("src", "tests", "docs", "examples", "benchmarks", "pyproject.toml", "README.md", "CHANGELOG.md")
# What a suite may take before its fault counts as not caught.
EFFORT_SECONDS = 180.0
BASELINE_SECONDS = 1800.0
PYTEST_FAILED = 1
SHOWN_CHARACTERS = 1500


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one seeded fault; `by` is the first test that failed."""

    mutant: Mutant
    fate: Fate
    seconds: float
    by: str


def run_mutants(
    mutants: Sequence[Mutant],
    root: Path,
    *,
    effort_seconds: float = EFFORT_SECONDS,
    most_seconds: float | None = None,
    tell: Tell = tell_nobody,
) -> tuple[Report, list[Verdict]]:
    """Every fault by itself; those that survive are violations. The suites have to pass without any fault first."""
    report, began = Report("mutants", 0), time.monotonic()
    verdicts: list[Verdict] = []
    directory = Path(tempfile.mkdtemp(prefix="bottega-mutants-"))
    try:
        _copy(root, directory)
        _baseline({suite for mutant in mutants for suite in mutant.suites}, directory)
        for number, mutant in enumerate(mutants, start=1):
            if most_seconds is not None and time.monotonic() - began > most_seconds:
                break
            verdicts.append(_judge(mutant, directory, effort_seconds))
            tell(number, len(mutants))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    report.counts = {"seeded faults": len(verdicts)} | {
        fate: sum(verdict.fate == fate for verdict in verdicts) for fate in ("caught", "survived")
    }
    if verdicts:
        report.figures["slowest catch, s"] = max(verdict.seconds for verdict in verdicts)
    report.violations = [
        Violation(verdict.mutant.name, f"{verdict.fate}: {verdict.mutant.says} {verdict.by}", _repeat(verdict.mutant))
        for verdict in verdicts
        if verdict.fate != "caught"
    ]
    report.seconds = time.monotonic() - began
    return report, verdicts


def source_tree() -> Path:
    """The checkout that this program runs from; `NotFound` where only the package is installed."""
    root = Path(__file__).resolve().parents[4]
    if not (root / "tests").is_dir() or not (root / "src" / "bottega").is_dir():
        raise NotFound(
            "no_source_tree",
            "Seeded faults need the source with its tests.",
            next_step="Run this in a checkout, after `make setup`.",
        )
    return root


def _copy(root: Path, directory: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=ignored)
        elif source.exists():
            shutil.copy2(source, directory / name)


def _baseline(suites: Iterable[str], directory: Path) -> None:
    code, output = _run_suites(sorted(suites), directory, BASELINE_SECONDS)
    if code != 0:
        raise Conflict(
            "suites_fail_without_a_fault",
            f"The suites do not pass as they are: {output[-SHOWN_CHARACTERS:]}",
            next_step="Make them pass first; a suite that always fails notices nothing.",
        )


def _judge(mutant: Mutant, directory: Path, effort_seconds: float) -> Verdict:
    began = time.monotonic()
    before = apply(mutant, directory)
    try:
        refusal = _refused_by_itself(directory) if mutant.suites == RULE_SUITES else ""
        code, output = (None, "") if refusal else _run_suites(mutant.suites, directory, effort_seconds)
    finally:
        restore(before)
    if refusal:
        return Verdict(mutant, "caught", time.monotonic() - began, refusal)
    seconds = time.monotonic() - began
    match code:
        case None:
            return Verdict(mutant, "not caught in time", seconds, "")
        case 0:
            return Verdict(mutant, "survived", seconds, "")
        case _ if code == PYTEST_FAILED:
            return Verdict(mutant, "caught", seconds, _first_failure(output))
        case _:
            return Verdict(mutant, "does not run", seconds, output[-SHOWN_CHARACTERS:])


def _refused_by_itself(directory: Path) -> str:
    """What the policy pack's own cases say against it; empty when it loads."""
    try:
        load_packs((directory / RULES,))
    except PolicyPackRejected as refused:
        return str(refused).partition(": ")[2].partition(":")[0]
    return ""


def _run_suites(suites: Sequence[str], directory: Path, timeout_seconds: float) -> tuple[int | None, str]:
    """Exit code and output of pytest over the copy; None when it took too long."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=line", *suites]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("BOTTEGA_", "DATABASE_URL"))
    }
    # Before the installed package, which is the tree itself; and no stale bytecode of the fault before.
    environment |= {"PYTHONPATH": str(directory / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(  # noqa: S603 - our own tests
        command,
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout_seconds)
    except subprocess.TimeoutExpired:
        # Politely first: the session's database ends with it.
        for number in (signal.SIGINT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=20)
                break
        return None, ""
    return process.returncode, output


def _first_failure(output: str) -> str:
    for line in output.splitlines():
        if line.startswith(("FAILED ", "ERROR ")):
            return line.split(" - ")[0].partition(" ")[2].strip()
    return ""


def _repeat(mutant: Mutant) -> str:
    return f"bottega prove mutants --only '{mutant.name}'"
