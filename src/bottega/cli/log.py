"""`bottega log`: look at the action log, prove it, and see who follows it."""

import asyncio
import contextlib
import json
import signal
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bottega.actions.log import reading
from bottega.actions.log.entries import LoggedChange, LoggedEntry
from bottega.actions.log.readers import reader_states, rewind
from bottega.cli import log_proof
from bottega.cli.context import open_application
from bottega.cli.refusals import shown, write_json
from bottega.platform.database.pool import Connection

FOLLOW_PAUSE_SECONDS = 0.3
LONGEST_VALUE_CHARACTERS = 60

Answer = TypeVar("Answer")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one document per line.")]
Limit = Annotated[int, typer.Option("--limit", "-n", help="At most so many.", min=1, max=500)]
Moment = datetime | None

app = typer.Typer(no_args_is_help=True, help="The action log: what happened, in order, and the proof of it.")
app.command("verify")(log_proof.verify)
app.command("export")(log_proof.export)
app.command("verify-export")(log_proof.verify_file)
app.command("key")(log_proof.show_key)


@app.command()
def tail(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens, until interrupted.")] = False,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """Show the newest entries, the newest last."""
    with shown(as_json=as_json):
        if follow:
            asyncio.run(_follow(limit, as_json))
        else:
            _print_entries(asyncio.run(_reading(lambda connection: reading.tail(connection, limit=limit))), as_json)


@app.command()
def show(
    which: Annotated[str, typer.Argument(metavar="ENTRY", help="An entry's id or its position.")],
    as_json: AsJson = False,
) -> None:
    """Show one entry with the rows it changed, before and after."""
    with shown(as_json=as_json):
        key: str | int = int(which) if which.isdecimal() and len(which) < 19 else which
        entry = asyncio.run(_reading(lambda connection: reading.show(connection, key)))
        if as_json:
            write_json(entry.as_record())
        else:
            _print_whole(entry)


@app.command()
def search(
    actor: Annotated[str | None, typer.Option(help="Who did it: an actor's id.")] = None,
    action: Annotated[str | None, typer.Option(help="What was done: an action's name.")] = None,
    object_id: Annotated[str | None, typer.Option("--object", help="What was changed: an order, a product, …")] = None,
    because: Annotated[str | None, typer.Option(help="What caused it, e.g. webhook:evt_1.")] = None,
    since: Annotated[Moment, typer.Option(help="Recorded at this time (UTC) or later.")] = None,
    until: Annotated[Moment, typer.Option(help="Recorded before this time (UTC).")] = None,
    before: Annotated[int | None, typer.Option(help="The next page: the last sequence of this one.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """Find entries, the newest first."""

    async def ask(connection: Connection) -> list[LoggedEntry]:
        return await reading.search(
            connection,
            actor_id=actor,
            action=action,
            object_id=object_id,
            because=because,
            since=None if since is None else since.replace(tzinfo=UTC),
            until=None if until is None else until.replace(tzinfo=UTC),
            before_sequence=before,
            limit=limit,
        )

    with shown(as_json=as_json):
        _print_entries(asyncio.run(_reading(ask)), as_json)


@app.command()
def history(
    table_name: Annotated[str, typer.Argument(metavar="TABLE", help="For example shop.orders.")],
    row_key: Annotated[str, typer.Argument(metavar="KEY", help="The row's primary key, its parts joined by /.")],
    after: Annotated[int, typer.Option(help="The next page: the last change of this one.")] = 0,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Show everything that ever happened to one row, the oldest first."""
    with shown(as_json=as_json):
        versions = asyncio.run(
            _reading(
                lambda connection: reading.history(connection, table_name, row_key, after_change=after, limit=limit)
            )
        )
        console = Console()
        for version in versions:
            if as_json:
                write_json({name: getattr(version, name) for name in version.__slots__})
                continue
            console.print(
                f"{version.change_id}  {_time(version.recorded_at)}  {version.action} by {version.actor_kind} "
                f"{version.actor_id}  ({version.entry_id})",
                markup=False,
                highlight=False,
            )
            change = LoggedChange(table_name, row_key, version.operation, version.before, version.after)
            _print_change(console, change)


@app.command()
def readers(as_json: AsJson = False) -> None:
    """Show who follows the log, how far each is behind, and what went wrong."""
    with shown(as_json=as_json):
        states = asyncio.run(_reading(reader_states))
        if as_json:
            write_json([{name: getattr(state, name) for name in state.__slots__} for state in states])
            return
        table = Table("reader", "position", "behind", "failures", "updated", "last error", box=None, pad_edge=False)
        for state in states:
            numbers = (str(state.position), str(state.behind), str(state.failures))
            table.add_row(state.name, *numbers, _time(state.updated_at), Text(state.last_error or ""))
        Console().print(table)


@app.command("rewind")
def rewind_reader(
    reader: Annotated[str, typer.Argument(metavar="READER")],
    position: Annotated[int, typer.Option(help="Read again what comes after this position.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Let a reader read the log again."""

    async def change() -> None:
        async with open_application() as application, application.database.write() as connection:
            await rewind(connection, reader, position=position)

    with shown(as_json=as_json):
        asyncio.run(change())
        if as_json:
            write_json({"reader": reader, "position": position})
        else:
            Console().print(f"{reader} reads again from position {position + 1}", markup=False, highlight=False)


async def _reading(ask: Callable[[Connection], Awaitable[Answer]]) -> Answer:
    async with open_application() as application, application.database.read() as connection:
        return await ask(connection)


async def _follow(limit: int, as_json: bool) -> None:
    """Sealed entries alone, by position, so that nothing is skipped or shown twice."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_application() as application:
        async with application.database.read() as connection:
            position = max(await reading.newest_position(connection) - limit, 0)
        while not stop.is_set():
            async with application.database.read() as connection:
                entries = await reading.following(connection, position)
            _print_entries(entries, as_json)
            if entries:
                position = entries[-1].position or position
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), FOLLOW_PAUSE_SECONDS)


def _print_entries(entries: Sequence[LoggedEntry], as_json: bool) -> None:
    console = Console()
    for entry in entries:
        if as_json:
            write_json({name: value for name, value in entry.as_record().items() if name != "changes"})
            continue
        position = "-" if entry.position is None else str(entry.position)
        line = (
            f"{position:>8}  {_time(entry.recorded_at)}  {entry.action:<24} {entry.actor_kind}:{entry.actor_id}  "
            f"{entry.id}  {_short(entry.result)}"
        )
        console.print(line, markup=False, highlight=False, no_wrap=True, overflow="ellipsis", crop=console.is_terminal)


def _print_whole(entry: LoggedEntry) -> None:
    console = Console()
    for name, value in entry.as_record().items():
        if name != "changes" and value is not None:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
            console.print(f"{name:<15} {text}", markup=False, highlight=False, soft_wrap=True)
    for change in entry.changes:
        _print_change(console, change)


def _print_change(console: Console, change: LoggedChange) -> None:
    console.print(
        f"  {change.operation} {change.table_name} {change.row_key}", markup=False, highlight=False, soft_wrap=True
    )
    before, after = change.before or {}, change.after or {}
    for column in {**before, **after}:
        if change.operation == "update" and before.get(column) == after.get(column):
            continue
        images = [_short(image[column]) for image in (before, after) if column in image]
        console.print(f"      {column}: {' → '.join(images)}", markup=False, highlight=False, soft_wrap=True)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE_CHARACTERS else text[: LONGEST_VALUE_CHARACTERS - 1] + "…"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
