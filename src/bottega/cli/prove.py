"""`bottega prove`: campaigns that look for a broken promise; exit code 1 when they find one."""

import asyncio
import random
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bottega.cli.progress import shown_progress
from bottega.cli.refusals import shown, write_json

if TYPE_CHECKING:
    from bottega.proof.mutants.verdict import Verdict
    from bottega.proof.report import Report

EXIT_BROKEN = 1
EXIT_NOT_RUN = 2
SHOWN_VIOLATIONS = 20
SHOWN_TRACE = 40

app = typer.Typer(no_args_is_help=True, help="Look for a broken promise: kills, schedules, seeded faults, contention.")

# Each campaign is imported when it is run: other commands do not pay for it.

Seed = Annotated[int | None, typer.Option(help="Where chance begins; one is drawn and shown when it is not given.")]
Minutes = Annotated[float | None, typer.Option(help="Stop after so many minutes.", min=0.05, max=1440)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.callback()
def _telling() -> None:
    """What a campaign warns of goes beside its result: with --json that is one document and nothing else."""
    from bottega.platform.telemetry import configure

    configure("warning", "console", None)


@app.command()
def kill(
    rounds: Annotated[int, typer.Option(help="Kills.", min=1, max=100_000)] = 50,
    seed: Seed = None,
    minutes: Minutes = None,
    answer_within: Annotated[float, typer.Option(help="Seconds until the shop has to answer again.", min=0.1)] = 5.0,
    as_json: AsJson = False,
) -> None:
    """Kill web, worker and database processes under load; nothing acknowledged may be lost."""
    from bottega.proof.kill.campaign import run_kills

    with shown_progress("kills", hidden=as_json) as tell:
        campaign = run_kills(
            rounds, seed=_seed(seed), most_seconds=_seconds(minutes), answer_within_seconds=answer_within, tell=tell
        )
        report = _run(campaign, as_json)
    _conclude(report, as_json)


@app.command()
def simulate(
    schedules: Annotated[int, typer.Option(help="Schedules by chance.", min=0, max=10_000_000)] = 200,
    seed: Seed = None,
    minutes: Minutes = None,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive/--by-chance", help="First crash a few journeys at every one of their awaits.")
    ] = True,
    replay: Annotated[str, typer.Option(help="Play one schedule again, as a violation named it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Play schedules of the real code with faults at the ports and crashes at every await; one seed, one run."""
    from bottega.proof.simulation.campaign import replay_schedule, run_schedules

    with shown_progress("schedules", hidden=as_json) as tell:
        campaign = (
            replay_schedule(replay)
            if replay
            else run_schedules(
                schedules, seed=_seed(seed), most_seconds=_seconds(minutes), exhaustive=exhaustive, tell=tell
            )
        )
        report = _run(campaign, as_json)
    _conclude(report, as_json)


@app.command()
def mutants(
    only: Annotated[str, typer.Option(help="Only faults whose name holds this text.")] = "",
    minutes: Minutes = None,
    effort: Annotated[float, typer.Option(help="Seconds that the suites of one fault may take.", min=1)] = 180.0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the verdicts of an earlier run that still hold.")
    ] = False,
    write: Annotated[Path | None, typer.Option(help="Write the table into this page, docs/proof.md.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put each seeded fault into a copy of the source, and see whether the suites notice it."""
    from bottega.proof.mutants.campaign import run_mutants, source_tree
    from bottega.proof.mutants.catalogue import chosen
    from bottega.proof.mutants.page import marked, write_table

    with shown(as_json=as_json, exit_code=EXIT_NOT_RUN):
        root = source_tree()
        if write is not None:
            marked(write)
        report, verdicts = run_mutants(
            chosen(root, only),
            root,
            effort_seconds=effort,
            most_seconds=_seconds(minutes),
            resumed=resume,
            tell=_tell_verdict,
        )
        if write is not None:
            write_table(write, verdicts)
    _conclude(report, as_json)


@app.command()
def hostile(
    calls: Annotated[int, typer.Option(help="Calls that the model plans, at least.", min=1, max=100_000_000)] = 2000,
    seed: Seed = None,
    minutes: Minutes = None,
    as_json: AsJson = False,
) -> None:
    """Put a hostile model behind the real runtime; whatever it plans, no promise may break."""
    from bottega.proof.hostile.campaign import run_hostile

    with shown_progress("calls", hidden=as_json) as tell:
        report = _run(run_hostile(calls, seed=_seed(seed), most_seconds=_seconds(minutes), tell=tell), as_json)
    _conclude(report, as_json)


@app.command()
def contention(
    people: Annotated[int, typer.Option(help="How many want the same thing.", min=2, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Let many people want the last unit, one coupon, one approval, one gift card and one key at once."""
    from bottega.proof.contention import run_contests

    _conclude(_run(run_contests(people), as_json), as_json)


@app.command()
def drills(
    only: Annotated[str, typer.Option(help="Only drills whose name holds this text.")] = "",
    as_json: AsJson = False,
) -> None:
    """Go through a bad day: restore a backup, a point in time, lost webhooks, an outage, a bad import, tampering."""
    from bottega.proof.drills import run_drills

    with shown_progress("drills", hidden=as_json) as tell:
        report = _run(run_drills(only, tell=tell), as_json)
    _conclude(report, as_json)


@app.command()
def soak(
    minutes: Annotated[float, typer.Option(help="How long.", min=0.2, max=1440)] = 30.0,
    orders_per_second: Annotated[float, typer.Option(help="The steady load.", min=0.1, max=1000)] = 5.0,
    picture: Annotated[
        Path | None, typer.Option(help="Plot the samples into this file, docs/pictures/soak.png.")
    ] = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """Serve a steady load; memory, connections, tables and log are sampled, and nothing may grow without bound."""
    from bottega.proof.soak import check_plotting, plot, run_soak

    with shown_progress("seconds", hidden=as_json) as tell, shown(as_json=as_json, exit_code=EXIT_NOT_RUN):
        if picture is not None:
            check_plotting()
        report, samples = asyncio.run(
            run_soak(minutes * 60, orders_per_second=orders_per_second, seed=_seed(seed), tell=tell)
        )
        if picture is not None:
            plot(samples, picture)
    _conclude(report, as_json)


def _tell_verdict(number: int, total: int, verdict: "Verdict") -> None:
    """A line for each fault: these campaigns are long, and their output may go into a file."""
    line = (
        f"{number}/{total} {verdict.fate}: {verdict.mutant.name}, {verdict.seconds:.0f} s, {verdict.by.strip()[-200:]}"
    )
    print(line, file=sys.stderr, flush=True)


def _seed(given: int | None) -> int:
    return random.SystemRandom().randrange(1_000_000) if given is None else given


def _seconds(minutes: float | None) -> float | None:
    return None if minutes is None else minutes * 60


def _run(campaign: "Coroutine[Any, Any, Report]", as_json: bool) -> "Report":
    with shown(as_json=as_json, exit_code=EXIT_NOT_RUN):
        return asyncio.run(campaign)


def _conclude(report: "Report", as_json: bool) -> None:
    """Prints what was done and found; ends with 1 when something was."""
    if as_json:
        write_json(report.as_record())
    else:
        _print(report)
    if report.violations:
        raise typer.Exit(EXIT_BROKEN)


def _print(report: "Report") -> None:
    console = Console()
    console.print(f"{report.campaign}: seed {report.seed}, {report.seconds:.0f} s")
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, number in report.counts.items():
        table.add_row(name, f"{number:,}")
    for name, figure in report.figures.items():
        table.add_row(name, f"{figure:,.2f}")
    console.print(table)
    for found in report.violations[:SHOWN_VIOLATIONS]:
        console.print(Text(f"{found.promise}: {found.seen}", style="red"))
        for line in found.trace[-SHOWN_TRACE:]:
            console.print(Text(f"    {line}"))
        if found.repeat:
            console.print(Text(f"  again: {found.repeat}"))
    verdict = f"{len(report.violations)} violations" if report.violations else "0 violations"
    console.print(Text(verdict, style="red" if report.violations else "green"))
