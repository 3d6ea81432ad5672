"""The campaign of seeded faults: each goes into a copy of the source, and its suites run until they notice it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from bottega.actions.policy.engine import load_packs
from bottega.actions.policy.rejection import PolicyPackRejected
from bottega.kernel.errors import Conflict, NotFound
from bottega.proof.mutants.catalogue import RULE_SUITES, RULES, Mutant, apply, restore
from bottega.proof.mutants.kept import Kept
from bottega.proof.mutants.suites import SuiteRunner, copied
from bottega.proof.mutants.verdict import Verdict
from bottega.proof.report import Report, Violation

# What a suite may take before its fault counts as not caught.
EFFORT_SECONDS = 180.0
BASELINE_SECONDS = 1800.0
PYTEST_FAILED = 1
SHOWN_CHARACTERS = 1500

# How many of how many are judged, and the newest verdict.
TellVerdict: TypeAlias = Callable[[int, int, Verdict], None]


def tell_nobody(_: int, __: int, ___: Verdict) -> None:
    """For campaigns that nobody watches."""


def run_mutants(
    mutants: Sequence[Mutant],
    root: Path,
    *,
    effort_seconds: float = EFFORT_SECONDS,
    most_seconds: float | None = None,
    resumed: bool = False,
    tell: TellVerdict = tell_nobody,
) -> tuple[Report, list[Verdict]]:
    """Every fault by itself; those that survive are violations. Suites have to pass without any fault first.

    `resumed` takes over the verdicts of an earlier run that still hold; what `most_seconds` leave over is for another.
    """
    report, began = Report("mutants", 0), time.monotonic()
    kept = Kept(root, resumed=resumed)
    known = {mutant.name: verdict for mutant in mutants if (verdict := kept.verdict(mutant)) is not None}
    waiting = [mutant for mutant in mutants if mutant.name not in known]
    report.counts["verdicts taken over"] = len(known)
    if waiting:
        with copied(root) as runner:
            _baseline(waiting, runner)
            for mutant in waiting:
                if most_seconds is not None and time.monotonic() - began > most_seconds:
                    break
                verdict = known[mutant.name] = _judge(mutant, runner, effort_seconds)
                kept.keep(verdict)
                tell(len(known), len(mutants), verdict)
    verdicts = [known[mutant.name] for mutant in mutants if mutant.name in known]
    _sum_up(report, verdicts, len(mutants))
    report.seconds = time.monotonic() - began
    return report, verdicts


def _sum_up(report: Report, verdicts: Sequence[Verdict], asked: int) -> None:
    report.counts |= {"seeded faults": len(verdicts), "not judged yet": asked - len(verdicts)}
    report.counts |= {fate: sum(verdict.fate == fate for verdict in verdicts) for fate in ("caught", "survived")}
    if verdicts:
        report.figures["slowest catch, s"] = max(verdict.seconds for verdict in verdicts)
    report.violations = [
        Violation(verdict.mutant.name, f"{verdict.fate}: {verdict.mutant.says} {verdict.by}", _repeat(verdict.mutant))
        for verdict in verdicts
        if verdict.fate != "caught"
    ]


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


def _baseline(waiting: Sequence[Mutant], runner: SuiteRunner) -> None:
    code, output = runner.run(sorted({suite for mutant in waiting for suite in mutant.suites}), BASELINE_SECONDS)
    if code != 0:
        raise Conflict(
            "suites_fail_without_a_fault",
            f"The suites do not pass as they are: {output[-SHOWN_CHARACTERS:]}",
            next_step="Make them pass first; a suite that always fails notices nothing.",
        )


def _judge(mutant: Mutant, runner: SuiteRunner, effort_seconds: float) -> Verdict:
    began = time.monotonic()
    before = apply(mutant, runner.directory)
    files = [edit.file for edit in mutant.edits]
    runner.forget_compiled(files)
    try:
        refusal = _refused_by_itself(runner.directory) if mutant.suites == RULE_SUITES else ""
        if refusal:
            return Verdict(mutant, "caught", time.monotonic() - began, refusal)
        code, output = runner.run(mutant.suites, effort_seconds, changed=files)
    finally:
        restore(before)
        runner.forget_compiled(files)
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


def _first_failure(output: str) -> str:
    for line in output.splitlines():
        if line.startswith(("FAILED ", "ERROR ")):
            return line.split(" - ")[0].partition(" ")[2].strip()
    return ""


def _repeat(mutant: Mutant) -> str:
    return f"bottega prove mutants --only '{mutant.name}'"
