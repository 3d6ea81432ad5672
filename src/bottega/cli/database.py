"""`bottega db`: start, stop, look at and remove the embedded database."""

import asyncio
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bottega.kernel.errors import Refusal
from bottega.platform.database import embedded
from bottega.platform.database.backup import back_up, restore_backup
from bottega.settings import load_settings

EXIT_REFUSED = 1
EXIT_NOT_RUNNING = 3

NAME = "db"
app = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL database.")


DataDirectory = Annotated[
    Path | None,
    typer.Option(help="Where bottega keeps its data; by default what BOTTEGA_DATA_DIR says."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def start(data_directory: DataDirectory = None, as_json: AsJson = False) -> None:
    """Start the database, or find it running; it goes on running in the background."""
    with _refusals_shown(as_json):
        server = embedded.start(_chosen(data_directory))
        _show(_record(server), as_json, f"[green]running[/green], process {server.process_id}", server.dsn)


@app.command()
def stop(data_directory: DataDirectory = None, as_json: AsJson = False) -> None:
    """Stop the database; its data stays."""
    with _refusals_shown(as_json):
        was_running = embedded.stop(_chosen(data_directory))
        _show({"state": "stopped", "was_running": was_running}, as_json, "stopped" if was_running else "not running")


@app.command()
def status(data_directory: DataDirectory = None, as_json: AsJson = False) -> None:
    """Say whether the database runs; exit code 3 when it does not."""
    with _refusals_shown(as_json):
        found = embedded.status(_chosen(data_directory))
        if found.server is not None:
            server = found.server
            _show(_record(server), as_json, f"[green]running[/green], process {server.process_id}", server.dsn)
            return
        words = found.state.replace("_", " ")
        _show({"state": found.state, "data_directory": str(found.data_directory)}, as_json, words)
        raise typer.Exit(EXIT_NOT_RUNNING)


@app.command()
def reset(data_directory: DataDirectory = None, yes: Yes = False, as_json: AsJson = False) -> None:
    """Stop the database and delete its data for good."""
    with _refusals_shown(as_json):
        directory = _chosen(data_directory)
        if not yes:
            typer.confirm(f"Delete the whole database in {directory}?", abort=True, err=True)
        was_there = embedded.reset(directory)
        _show(
            {"state": "not_created", "was_there": was_there}, as_json, "deleted" if was_there else "nothing to delete"
        )


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(metavar="FILE")],
    as_json: AsJson = False,
) -> None:
    """Write the whole database into one file while the shop goes on; it holds personal values, so keep it safe."""
    with _refusals_shown(as_json):
        size = back_up(_dsn(), path)
        _show({"file": str(path), "size_bytes": size}, as_json, f"written to {path}, {size:,} bytes")


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(metavar="FILE")],
    into: Annotated[str, typer.Option(help="Name of the new database.")],
    as_json: AsJson = False,
) -> None:
    """Make a new database out of a backup, beside the one that is there."""
    with _refusals_shown(as_json):
        asyncio.run(restore_backup(_dsn(), path, into))
        told = f"use it with the DATABASE_URL whose last part is /{into}"
        _show({"database": into}, as_json, f"{into} restored", told)


def _dsn() -> str:
    """Where the settings say that the database is; the embedded one is started."""
    settings = load_settings()
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return embedded.start(settings.data_dir).dsn


def _chosen(data_directory: Path | None) -> Path:
    return data_directory if data_directory is not None else load_settings().data_dir


@contextmanager
def _refusals_shown(as_json: bool) -> Generator[None]:
    try:
        yield
    except Refusal as refusal:
        if as_json:
            print(json.dumps({"error": refusal.as_record()}))
        else:
            Console(stderr=True).print(f"[red]{refusal.code}[/red]: {refusal}", soft_wrap=True)
        raise typer.Exit(EXIT_REFUSED) from refusal


def _record(server: embedded.Server) -> dict[str, Any]:
    return {
        "state": "running",
        "dsn": server.dsn,
        "process_id": server.process_id,
        "version": server.version,
        "data_directory": str(server.data_directory),
        "log_file": str(server.log_file),
        "notice": server.notice,
    }


def _show(record: dict[str, Any], as_json: bool, headline: str, *details: str) -> None:
    if as_json:
        print(json.dumps(record))
        return
    console = Console()
    console.print(f"database {headline}", soft_wrap=True)
    for line in (*details, record.get("notice", "")):
        if line:
            console.print(f"  {line}", markup=False, soft_wrap=True)
