"""Bringing a file of products into the shop: in batches, to be taken up again after a break, bad rows reported."""

import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, assert_never

from bottega.actions.actor import Actor, Cause
from bottega.actions.perform import Performer
from bottega.kernel import canonical_json
from bottega.kernel.errors import Conflict, Invalid
from bottega.kernel.identifiers import new_id
from bottega.kernel.money import check_currency
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database
from bottega.shop.catalogue.upsert import refused_records
from bottega.shop.flows.import_products import UpsertProducts
from bottega.shop.flows.product_files import icecat, product_lines, shopify
from bottega.shop.flows.product_files.batches import Batch, batches
from bottega.shop.flows.product_files.rows import BadRow, ParsedRow, RowFile, file_digest

FormatName = Literal["icecat", "shopify-csv", "jsonl"]
Progress = Callable[[int, int], None]

REJECTIONS_LISTED = 1_000
MOST_UNITS = 1_000_000
_HANDLE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def unseen(bytes_read: int, bytes_in_all: int) -> None:
    """The progress that nobody watches."""
    del bytes_read, bytes_in_all


@dataclass(frozen=True, slots=True)
class ImportChoices:
    """How a file is read; `stock_units` arrive at `location` where the format itself names no stock."""

    format: FormatName
    currency: str = "EUR"
    location: str = "main"
    stock_units: int = 100
    strict: bool = False

    @property
    def stock(self) -> dict[str, int]:
        return {self.location: self.stock_units} if self.stock_units else {}


@dataclass(slots=True)
class ImportSummary:
    """What became of the rows; at most 1,000 rejections are listed, all are counted."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejections: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def reject(self, rejection: dict[str, Any]) -> None:
        self.rejected += 1
        if len(self.rejections) < REJECTIONS_LISTED:
            self.rejections.append(rejection)

    def add_result(self, result: dict[str, Any]) -> None:
        """Adds what one action did."""
        self.created += result["created"]
        self.updated += result["updated"]
        self.unchanged += result["unchanged"]
        for rejection in result["rejections"]:
            self.reject(rejection)

    def as_record(self) -> dict[str, Any]:
        """JSON-ready form, rejections in the order of the file."""
        return {**asdict(self), "rejections": sorted(self.rejections, key=lambda found: found["row"])}


@dataclass(slots=True)
class _Run:
    """One import under way: where it stands, what reading found so far, and what the actions did."""

    id: str
    rows_done: int
    reading: ImportSummary
    whole: ImportSummary


async def import_file(
    database: Database,
    performer: Performer,
    by: Actor,
    path: Path,
    choices: ImportChoices,
    progress: Progress = unseen,
) -> ImportSummary:
    """Reads the whole file; the same file again changes nothing, an interrupted one goes on where it stopped.

    Good rows go in and bad ones are listed; with `strict`, one bad row refuses the file and nothing changes. Raises
    `NotFound` and `Invalid` when the file cannot be read, `Conflict` when it is being imported already, and what
    policy says when the actor may not import. `progress` is told bytes read and bytes in all.
    """
    _check(choices)
    digest = canonical_json.digest([file_digest(path), asdict(choices)])
    async with _alone(database, digest):
        run = await _begin(database, performer.clock, digest, choices.format)
        if choices.strict and run.rows_done == 0:
            found = await look_through(database, path, choices, progress)
            if found.rejected:
                await _finish(database, performer.clock, run.id, "refused", found)
                return found
        file = RowFile(path)
        try:
            for batch in batches(rows_of(file, choices), run.rows_done):
                await _bring_in(database, performer, by, run, batch, strict=choices.strict)
                progress(file.bytes_read, file.size_bytes)
        finally:
            file.close()
        await _finish(database, performer.clock, run.id, "done", run.whole)
        return run.whole


async def look_through(
    database: Database, path: Path, choices: ImportChoices, progress: Progress = unseen
) -> ImportSummary:
    """Reads the file once without changing anything; lists every row that could not go in."""
    found = ImportSummary()
    file = RowFile(path)
    try:
        for batch in batches(rows_of(file, choices), 0):
            found.read += len(batch.good) + len(batch.bad)
            for bad in batch.bad:
                found.reject(bad.as_record())
            async with database.read() as connection:
                refused = await refused_records(connection, [row.record for row in batch.good])
            for rejection in refused:
                row = batch.good[rejection.row].number
                found.reject(BadRow(row, rejection.field, rejection.reason).as_record())
            progress(file.bytes_read, file.size_bytes)
    finally:
        file.close()
    return found


def rows_of(file: RowFile, choices: ImportChoices) -> Iterator[ParsedRow]:
    """The rows of a file in its format."""
    match choices.format:
        case "icecat":
            return icecat.read(file, choices.currency, choices.stock)
        case "shopify-csv":
            return shopify.read(file, choices.currency, choices.location)
        case "jsonl":
            return product_lines.read(file)
        case _:
            assert_never(choices.format)


def _check(choices: ImportChoices) -> None:
    check_currency(choices.currency)
    if not _HANDLE.fullmatch(choices.location):
        raise Invalid(
            "bad_location", f"'{choices.location}' is not the handle of a location.", next_step="Use one such as main."
        )
    if not 0 <= choices.stock_units <= MOST_UNITS:
        raise Invalid("bad_stock", f"Stock is between 0 and {MOST_UNITS} units.", next_step="Give another number.")


async def _bring_in(
    database: Database, performer: Performer, by: Actor, run: _Run, batch: Batch, *, strict: bool
) -> None:
    for bad in batch.bad:
        run.reading.reject(bad.as_record())
        run.whole.reject(bad.as_record())
    run.reading.read += len(batch.good) + len(batch.bad)
    run.whole.read = run.reading.read
    run.rows_done = batch.last_row

    async def note(connection: Connection) -> None:
        await connection.execute(
            "UPDATE platform.imports SET rows_done = $2, summary = $3 WHERE id = $1",
            run.id,
            run.rows_done,
            run.reading.as_record(),
        )

    if not batch.good:
        async with database.connection() as connection:
            await note(connection)
        return
    action = UpsertProducts(
        products=tuple(row.record for row in batch.good),
        row_numbers=tuple(row.number for row in batch.good),
        reference=f"import {run.id}",
        all_or_nothing=strict,
    )
    # How far we are commits together with the products, so a row counts once whenever the process dies.
    outcome = await performer.perform(action, by=by, because=Cause("import", run.id), alongside=note)
    run.whole.add_result(outcome.unwrap())


@asynccontextmanager
async def _alone(database: Database, digest: str) -> AsyncGenerator[None]:
    """Holds a lock of the session while the file is imported; it ends with the process, however that ends."""
    async with database.connection() as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", digest):
            raise Conflict(
                "import_running", "This file is being imported already.", next_step="Wait until that import ends."
            )
        try:
            yield
        finally:
            await connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", digest)


async def _begin(database: Database, clock: Clock, digest: str, format_name: str) -> _Run:
    """A new run, or the one of the same file and choices that was interrupted, with what it did so far."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "SELECT id, rows_done, summary FROM platform.imports "
            "WHERE file_digest = $1 AND format = $2 AND state = 'running' ORDER BY started_at DESC LIMIT 1",
            digest,
            format_name,
        )
        if row is None:
            run = _Run(new_id("imp"), 0, ImportSummary(), ImportSummary())
            await connection.execute(
                "INSERT INTO platform.imports (id, file_digest, format, summary, started_at) "
                "VALUES ($1, $2, $3, $4, $5)",
                run.id,
                digest,
                format_name,
                run.reading.as_record(),
                clock.now(),
            )
            return run
        found = ImportSummary(**row["summary"])
        whole = replace(found, rejections=[*found.rejections])
        run = _Run(row["id"], row["rows_done"], found, whole)
        done = await connection.fetch(
            "SELECT result FROM log.entries WHERE action = 'UpsertProducts' AND because = $1 ORDER BY sequence",
            str(Cause("import", run.id)),
        )
    for entry in done:
        run.whole.add_result(entry["result"])
    return run


async def _finish(database: Database, clock: Clock, run_id: str, state: str, summary: ImportSummary) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE platform.imports SET state = $2, summary = $3, finished_at = $4 WHERE id = $1",
            run_id,
            state,
            summary.as_record(),
            clock.now(),
        )
