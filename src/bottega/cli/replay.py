"""`bottega replay`: rebuild the shop's tables from the log, to compare them or to stand at an earlier position."""

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console

from bottega.actions.replay import ReplayReport, RestoreReport, verify_replay
from bottega.bootstrap.recovery import restore_shop
from bottega.cli.context import open_application
from bottega.cli.progress import Tell, shown_progress
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid

EXIT_DIFFERENT = 1
EXIT_UNCHECKED = 2


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("replay")(replay)


def replay(
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every table of the shop with what the log makes of it.")
    ] = False,
    to_position: Annotated[
        int | None, typer.Option("--to-position", min=1, help="Rebuild the shop as it stood at this position.")
    ] = None,
    into: Annotated[str | None, typer.Option(help="With --to-position: the name of the new database.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Apply the log to an empty database.

    Exit code 0: done, and with --verify identical. 1: a difference, which is named. 2: it could not be done.
    """
    with shown(as_json=as_json, exit_code=EXIT_UNCHECKED):
        if verify is (to_position is not None) or (to_position is None) is not (into is None):
            raise Invalid(
                "replay_unclear", "Say what to replay for.", next_step="Use --verify, or --to-position N --into NAME."
            )
        with shown_progress("replaying", hidden=as_json) as tell:
            if to_position is not None and into is not None:
                restored = asyncio.run(_restore(into, to_position, tell))
                report = None
            else:
                restored, report = None, asyncio.run(_verify(tell))
    if restored is not None:
        _show_restored(restored, as_json)
    if report is not None:
        _show_report(report, as_json)
        if report.difference is not None:
            raise typer.Exit(EXIT_DIFFERENT)


async def _verify(tell: Tell) -> ReplayReport:
    async with open_application() as application:
        return await verify_replay(application.database.dsn, tell=tell)


async def _restore(name: str, position: int, tell: Tell) -> RestoreReport:
    async with open_application() as application:
        return await restore_shop(application.database.dsn, name, position, tell=tell)


def _show_report(report: ReplayReport, as_json: bool) -> None:
    difference = report.difference
    if as_json:
        record: dict[str, Any] = {name: getattr(report, name) for name in report.__slots__}
        record["identical"] = difference is None
        record["actions_per_second"] = round(report.actions_per_second)
        record["changes_per_second"] = round(report.changes_per_second)
        if difference is not None:
            record["difference"] = {name: getattr(difference, name) for name in difference.__slots__}
        write_json(record)
        return
    console = Console()
    console.print(
        f"{report.entries} actions with {report.changes} changes applied in {report.apply_seconds:.1f} s: "
        f"{report.actions_per_second:,.0f} actions/s, {report.changes_per_second:,.0f} changes/s; "
        f"{report.total_seconds:.1f} s in all",
        highlight=False,
        soft_wrap=True,
    )
    if difference is None:
        console.print(
            f"[green]identical[/green]: {report.rows} rows in {report.tables} tables are what the log says",
            highlight=False,
        )
    else:
        console.print("different", style="red")
        console.print(str(difference), markup=False, highlight=False, soft_wrap=True)


def _show_restored(restored: RestoreReport, as_json: bool) -> None:
    if as_json:
        write_json({name: getattr(restored, name) for name in restored.__slots__ if name != "dsn"})
        return
    console = Console()
    console.print(
        f"{restored.name} stands at position {restored.position}: {restored.entries} actions, "
        f"{restored.changes} changes, {restored.total_seconds:.1f} s",
        highlight=False,
        soft_wrap=True,
    )
    # The address may hold a password, so only its last part is shown.
    console.print(f"use it with the DATABASE_URL whose last part is /{restored.name}", markup=False, highlight=False)
