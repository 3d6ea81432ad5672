"""`bottega jobs`: look at jobs, and decide about the dead ones."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from bottega.cli.context import open_application
from bottega.kernel.errors import Invalid, Refusal
from bottega.platform.database.pool import Connection
from bottega.platform.jobs import records
from bottega.platform.jobs.records import JobRecord

EXIT_REFUSED = 1

Answer = TypeVar("Answer")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(no_args_is_help=True, help="Jobs: waiting, running, done, dead, cancelled.")


@app.command("list")
def list_jobs(
    state: Annotated[str | None, typer.Option(help=f"Only {', '.join(records.STATES)}.")] = None,
    name: Annotated[str | None, typer.Option(help="Only jobs of this name.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first, and count them by state."""

    async def ask(connection: Connection) -> tuple[list[JobRecord], dict[records.State, int]]:
        listed = await records.list_jobs(connection, state=state, name=name, limit=limit)
        return listed, await records.count_jobs(connection)

    with _refusals_shown(as_json):
        jobs, counts = asyncio.run(_reading(ask))
        if as_json:
            print(json.dumps({"jobs": [job.model_dump(mode="json") for job in jobs], "counts": counts}))
            return
        console = Console()
        if jobs:
            console.print(_table(jobs))
        console.print(", ".join(f"{number} {named}" for named, number in counts.items()), highlight=False)


@app.command()
def show(job_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """Show one job with its payload and its last error."""
    with _refusals_shown(as_json):
        job = asyncio.run(_reading(lambda connection: records.show_job(connection, job_id)))
        _show(job, as_json)


@app.command()
def requeue(
    job_id: Annotated[str | None, typer.Argument(metavar="ID")] = None,
    every: Annotated[bool, typer.Option("--all", help="All dead jobs, at most 1,000.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a dead or cancelled job back, or all dead ones, with all their attempts before them again."""
    with _refusals_shown(as_json):
        if (job_id is None) is not every:
            raise Invalid("job_unnamed", "Say which job.", next_step="Give one ID, or --all.")
        if job_id is not None:
            chosen = job_id
            _show(asyncio.run(_writing(lambda connection: records.requeue(connection, chosen))), as_json)
            return
        requeued, skipped = asyncio.run(_writing(records.requeue_dead))
        if as_json:
            print(json.dumps({"requeued": requeued, "skipped": skipped}))
            return
        print(f"{len(requeued)} requeued, {len(skipped)} left because a job with the same key waits")


@app.command()
def discard(job_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """Cancel a dead or waiting job for good; it stays listed as cancelled for a while."""
    with _refusals_shown(as_json):
        job = asyncio.run(_writing(lambda connection: records.discard(connection, job_id)))
        _show(job, as_json)


async def _reading(ask: Callable[[Connection], Awaitable[Answer]]) -> Answer:
    async with open_application() as application, application.database.read() as connection:
        return await ask(connection)


async def _writing(change: Callable[[Connection], Awaitable[Answer]]) -> Answer:
    async with open_application() as application:
        async with application.database.write() as connection:
            answer = await change(connection)
        application.jobs.wake()
        return answer


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


def _table(jobs: list[JobRecord]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "name", "state", "attempts", "run after", "last error"):
        table.add_column(heading, no_wrap=heading != "last error")
    for job in jobs:
        attempts = f"{job.attempts}/{job.maximum_attempts}"
        run_after = f"{job.run_after:%Y-%m-%d %H:%M:%S}"
        table.add_row(job.id, job.name, job.state, attempts, run_after, _escaped(job.last_error))
    return table


def _show(job: JobRecord, as_json: bool) -> None:
    record: dict[str, Any] = job.model_dump(mode="json")
    if as_json:
        print(json.dumps(record))
        return
    width = max(map(len, record))
    for field, value in record.items():
        if value is not None:
            print(f"{field:<{width}}  {json.dumps(value) if isinstance(value, dict) else value}")


def _escaped(text: str | None) -> str:
    # Rich reads square brackets as markup.
    return (text or "").replace("[", "\\[")
