"""`bottega doctor`: is this shop well, and do its invariants hold?"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bottega.actions.invariants import Checked
from bottega.actions.log.readers import reader_states
from bottega.bootstrap import Application
from bottega.bootstrap.background import anchor
from bottega.bootstrap.invariants import check_invariants
from bottega.cli.context import open_application
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Refusal
from bottega.platform.database import migrate
from bottega.platform.database.pool import Connection
from bottega.ports.embedder import Embedder

EXIT_UNWELL = 1
EXIT_UNCHECKED = 2
# An entry that waits longer than this for its position means that no sealer is at work, or that a transaction hangs.
SEALED_WITHIN_SECONDS = 60
READER_BEHIND_ENTRIES = 10_000
SHOWN_VIOLATIONS = 3
# Loading the model takes about a second, building its graph for the first time three.
EMBEDDER_PATIENCE_SECONDS = 20.0

State = Literal["well", "attention", "unwell"]
STYLES = {"well": "green", "attention": "yellow", "unwell": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `attention` does not fail the command."""

    name: str
    state: State
    detail: str


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("doctor")(doctor)


def doctor(
    invariants: Annotated[bool, typer.Option("--invariants", help="Check I1 to I19 by SQL instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Look at database, log, readers, jobs and effects; with --invariants, check what must always hold.

    Exit code 0: well. 1: something is not. 2: it could not be looked at.
    """
    with shown(as_json=as_json, exit_code=EXIT_UNCHECKED):
        if invariants:
            results = asyncio.run(_check_invariants())
            _show_invariants(results, as_json)
            unwell = any(found.violations for found in results)
        else:
            findings = asyncio.run(_look())
            _show_findings(findings, as_json)
            unwell = any(finding.state == "unwell" for finding in findings)
    if unwell:
        raise typer.Exit(EXIT_UNWELL)


async def _check_invariants() -> list[Checked]:
    async with open_application() as application:
        return await check_invariants(application.database)


async def _look() -> list[Finding]:
    async with open_application() as application, application.database.read_snapshot() as connection:
        return [
            await _database(application, connection),
            _settings(application),
            await _log(connection),
            await _anchor(application, connection),
            *await _readers(connection),
            await _jobs(connection),
            await _effects(connection),
            await _approvals(connection),
            await _embedder(application),
        ]


async def _database(application: Application, connection: Connection) -> Finding:
    version = await connection.fetchval("SELECT current_setting('server_version')")
    vector = await connection.fetchval("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    where = "embedded" if application.settings.database_url is None else "by DATABASE_URL"
    revision = migrate.head().revision
    return Finding("database", "well", f"PostgreSQL {version} with pgvector {vector}, {where}, revision {revision}")


def _settings(application: Application) -> Finding:
    settings = application.settings
    if settings.mode == "development":
        return Finding(
            "settings", "attention", "mode is development: default secrets and sandbox connectors may be used"
        )
    return Finding("settings", "well", f"mode is {settings.mode}, payments by {settings.payment_gateway}")


async def _log(connection: Connection) -> Finding:
    row = await connection.fetchrow(_LOG)
    assert row is not None
    detail = f"{row['position']} entries are sealed, {row['unsealed']} are not yet"
    if row["unsealed"] and row["oldest_seconds"] > SEALED_WITHIN_SECONDS:
        detail += f", the oldest for {row['oldest_seconds']:.0f} s: is `bottega serve` or `bottega worker` running?"
        return Finding("log", "attention", detail)
    return Finding("log", "well", detail)


async def _anchor(application: Application, connection: Connection) -> Finding:
    try:
        kept = anchor(application).read()
    except Refusal as refusal:
        return Finding("anchor", "unwell", str(refusal))
    if kept is None:
        return Finding("anchor", "attention", "there is none yet; the sealer writes it with the first block")
    found = await connection.fetchval("SELECT hash FROM log.blocks WHERE number = $1", kept.number)
    if found != kept.hash:
        return Finding("anchor", "unwell", f"the log does not hold block {kept.number}; see `bottega log verify`")
    return Finding("anchor", "well", f"position {kept.last_position}, block {kept.number}")


async def _readers(connection: Connection) -> list[Finding]:
    findings: list[Finding] = []
    for reader in await reader_states(connection):
        detail = f"at position {reader.position}, {reader.behind} behind"
        if reader.failures:
            detail += f", failed {reader.failures} times: {reader.last_error}"
        state: State = "unwell" if reader.failures else "well"
        if state == "well" and reader.behind > READER_BEHIND_ENTRIES:
            state = "attention"
        findings.append(Finding(f"reader {reader.name}", state, detail))
    return findings


async def _jobs(connection: Connection) -> Finding:
    counts = {row["state"]: row["number"] for row in await connection.fetch(_COUNT_JOBS)}
    detail = ", ".join(f"{number} {state}" for state, number in counts.items()) or "none"
    if counts.get("dead"):
        return Finding("jobs", "attention", f"{detail}; see `bottega jobs list --state dead`")
    return Finding("jobs", "well", detail)


async def _effects(connection: Connection) -> Finding:
    counts = {row["state"]: row["number"] for row in await connection.fetch(_COUNT_EFFECTS)}
    detail = ", ".join(f"{number} {state}" for state, number in counts.items()) or "none"
    return Finding("effects", "attention" if counts.get("dead") else "well", detail)


async def _approvals(connection: Connection) -> Finding:
    waiting = await connection.fetchval(
        "SELECT count(*) FROM log.approvals WHERE state = 'waiting' AND expires_at > now()"
    )
    return Finding("approvals", "well", f"{waiting} wait for a person")


async def _embedder(application: Application) -> Finding:
    if not application.services.names(Embedder):
        return Finding("embedder", "attention", "BOTTEGA_EMBEDDER is none: search goes by keyword alone")
    embedder = application.services.get(Embedder)  # pyright: ignore[reportAbstractUsage] - the port is the key
    problem = ""
    try:
        await embedder.wait_ready(timeout_seconds=EMBEDDER_PATIENCE_SECONDS)
    except Refusal as refusal:
        problem = str(refusal)
    named = f"{application.settings.embedder}, model {embedder.model}, {embedder.dimensions} numbers per text"
    if problem:
        return Finding("embedder", "attention", f"{named}; not ready, search goes by keyword: {problem}")
    return Finding("embedder", "well", f"{named}, ready")


def _show_findings(findings: Sequence[Finding], as_json: bool) -> None:
    if as_json:
        well = all(finding.state != "unwell" for finding in findings)
        shown_findings = [{name: getattr(finding, name) for name in finding.__slots__} for finding in findings]
        write_json({"well": well, "findings": shown_findings})
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        table.add_row(finding.name, Text(finding.state, style=STYLES[finding.state]), Text(finding.detail))
    Console().print(table)


def _show_invariants(results: Sequence[Checked], as_json: bool) -> None:
    if as_json:
        records: list[dict[str, Any]] = [
            {
                "name": found.name,
                "description": found.description,
                "holds": not found.violations,
                "violations": list(found.violations),
                "duration_seconds": round(found.duration_seconds, 3),
            }
            for found in results
        ]
        write_json({"hold": all(record["holds"] for record in records), "invariants": records})
        return
    table = Table("", "invariant", "", "ms", box=None, pad_edge=False)
    for found in results:
        count = len(found.violations)
        verdict = Text(f"{count} violations", style="red") if count else Text("holds", style="green")
        table.add_row(found.name, found.description, verdict, f"{found.duration_seconds * 1000:.0f}")
        for row in found.violations[:SHOWN_VIOLATIONS]:
            table.add_row("", Text(", ".join(f"{name} {value}" for name, value in row.items()), style="red"), "", "")
    Console().print(table)


_LOG = """
SELECT count(*) AS unsealed, coalesce(extract(epoch FROM now() - min(recorded_at)), 0)::float8 AS oldest_seconds,
       (SELECT coalesce(max(position), 0) FROM log.positions) AS position
FROM log.entries WHERE sequence > (SELECT coalesce(max(sequence), 0) FROM log.positions)"""

_COUNT_JOBS = "SELECT state, count(*) AS number FROM platform.jobs GROUP BY state ORDER BY state"

_COUNT_EFFECTS = "SELECT state, count(*) AS number FROM log.effects GROUP BY state ORDER BY state"
