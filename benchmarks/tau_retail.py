"""Stories of another shop's customers, told by our actions, with every order and customer compared afterwards.

`python benchmarks/tau_retail.py --db FILE --tasks FILE [--through actions|tools] [--keep]`. Each story starts from the
imported file, does its write calls as the customer they belong to under that shop's own policy pack, and compares all
orders and customers with the file overlaid by what the story expects to have changed. Then it does the same calls
again with the same keys. Through tools, the calls are those of a model in a conversation, each confirmed by a yes, and
each is attacked in a dozen mutated forms before and after it is done (see tau_attacks.py).
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Run as a file, Python puts this folder on the path instead of the project's root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

# Run as a file, Python looks for modules beside it only.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from benchmarks.page import write_said
from benchmarks.tau_calls import WRITES, Asked, asked
from benchmarks.tau_form import Form, file_form, first_difference, shop_form
from benchmarks.tau_through_tools import Tally, ThroughTools
from bottega.actions.actor import Actor
from bottega.actions.outcome import Done
from bottega.actions.policy.engine import PolicyBook
from bottega.bootstrap import Application, open_application
from bottega.kernel.errors import Refusal
from bottega.platform.database import embedded, scratch
from bottega.platform.database.migrate import migrate
from bottega.settings import Settings
from bottega.shop.flows.shop_files.importing import ShopChoices, ShopImport, read_shop

PACK = Path(__file__).parents[1] / "examples" / "policy-packs" / "tau-retail"
OWNER = Actor("staff", "benchmark", "owner")
TEMPLATE = "tau_retail_template"
STEPS_OF_EFFECTS = 20


@dataclass(frozen=True, slots=True)
class Story:
    """What is called, what must be different afterwards, and which calls must be refused (by place)."""

    id: str
    calls: Sequence[Mapping[str, Any]]
    changed: Mapping[str, Mapping[str, Any]]
    refused: frozenset[int]


def read_stories(path: Path) -> list[Story]:
    """The stories of a file such as tasks-open.json."""
    return [
        Story(
            str(task["id"]),
            task["actions"],
            task["expected"]["changed"],
            frozenset(refused["index"] for refused in task["expected"]["calls_that_must_be_refused"]),
        )
        for task in json.loads(path.read_text(encoding="utf-8"))
    ]


class Stage:
    """The imported file as a template database, from which every story starts."""

    def __init__(self, dsn: str, directory: Path, content: Mapping[str, Any], *, keep: bool) -> None:
        self._dsn = dsn
        self._keep = keep
        self._directory = directory
        self._content = content

    @classmethod
    async def built(cls, dsn: str, directory: Path, path: Path, *, keep: bool) -> "Stage":
        """Imports the file into a fresh template on the server of `dsn`; `keep` leaves it and failed stories there."""
        await scratch.drop_database(dsn, TEMPLATE)
        await migrate(await scratch.create_database(dsn, TEMPLATE))
        stage = cls(dsn, directory, read_shop(path), keep=keep)
        async with stage._open(TEMPLATE) as application:
            importer = ShopImport(application.database, application.performer, OWNER, ShopChoices())
            summary = await importer.import_file(path)
            if summary.rejected:
                raise SystemExit(f"{summary.rejected} rows of {path} cannot go in: {summary.rejections[:3]}")
        return stage

    async def tell(self, story: Story) -> str | None:
        """Plays a story on a copy of the template; returns the first thing that is not as expected."""
        name = f"tau_story_{story.id.lower()}" if story.id.isalnum() else "tau_story"
        await scratch.drop_database(self._dsn, name)
        await scratch.create_database(self._dsn, name, template=TEMPLATE)
        wrong: str | None = "it was broken off"
        try:
            async with self._open(name) as application:
                wrong = await self._told(application, story)
        finally:
            if wrong is None or not self._keep:
                await scratch.drop_database(self._dsn, name)
        return f"{wrong} (kept in {name})" if wrong is not None and self._keep else wrong

    async def close(self) -> None:
        """Drops the template, unless it is kept."""
        if not self._keep:
            await scratch.drop_database(self._dsn, TEMPLATE)

    @asynccontextmanager
    async def copy(self, name: str, policy: PolicyBook | None = None) -> AsyncGenerator[Application]:
        """An application over a copy of the template, which is dropped afterwards."""
        await scratch.drop_database(self._dsn, name)
        await scratch.create_database(self._dsn, name, template=TEMPLATE)
        try:
            async with self._open(name, policy) as application:
                yield application
        finally:
            await scratch.drop_database(self._dsn, name)

    async def fingerprint(self, application: Application) -> dict[str, tuple[int, Any]]:
        """Number and hash of the rows of every folded table."""
        return await _fingerprint(application)

    async def settle(self, application: Application) -> None:
        """Calls to the gateway until none is due."""
        await _drive_payments(application)

    async def differs(self, application: Application, story: Story) -> str | None:
        """The first thing that is not as the story expects it."""
        return first_difference(await self._form(application), file_form(self._content, story.changed))

    async def _told(self, application: Application, story: Story) -> str | None:
        translated: dict[int, Asked] = {}
        wrong = await self._play(application, story, translated)
        if wrong is not None:
            return wrong
        expected = file_form(self._content, story.changed)
        ours = await self._form(application)
        wrong = first_difference(ours, expected)
        if wrong is not None:
            return wrong
        rows = await _fingerprint(application)
        wrong = await self._play(application, story, translated)
        if wrong is not None:
            return f"with the same keys: {wrong}"
        if await _fingerprint(application) != rows:
            again = first_difference(await self._form(application), ours)
            return f"with the same keys: {again or 'the tables of the shop have changed'}"
        return None

    async def _play(self, application: Application, story: Story, translated: dict[int, Asked]) -> str | None:
        """Does the write calls; those that must be refused have to be, and no others may be.

        A call is translated once, so that its repetition has the same arguments and not only the same key.
        """
        for place, call in enumerate(story.calls):
            if call["name"] not in WRITES:
                continue
            try:
                wanted = translated.get(place) or await asked(application, call["name"], call["arguments"])
                translated[place] = wanted
                refusal = await self._do(application, f"{story.id}:{place}", wanted)
            except Refusal as error:
                refusal = f"{error.code}: {error}"
            if (refusal is not None) is not (place in story.refused):
                said = "done, and must be refused" if refusal is None else f"refused: {refusal}"
                return f"call {place} {call['name']}: {said}"
        return None

    async def _do(self, application: Application, key: str, wanted: Asked) -> str | None:
        """One action as its customer, with its effects driven to their end; what refused it, or None."""
        outcome = await application.performer.perform(wanted.action, by=wanted.by, key=key)
        refused: str | None = None
        if isinstance(outcome, Done):
            for effect in outcome.effects:
                if effect.claimed:
                    await application.effects.drive_claimed(effect)
        else:
            try:
                outcome.unwrap()
            except Refusal as refusal:
                refused = f"{refusal.code}: {refusal} {refusal.details.get('rule_ids', '')}"
        await _drive_payments(application)
        return refused

    async def _form(self, application: Application) -> Form:
        async with application.database.read_snapshot() as connection:
            return await shop_form(connection, application.performer.lookup_key, list(self._content["users"]))

    @asynccontextmanager
    async def _open(self, name: str, policy: PolicyBook | None = None) -> AsyncGenerator[Application]:
        values: dict[str, Any] = {
            "DATABASE_URL": scratch.dsn_of(self._dsn, name),
            "data_dir": self._directory,
            "policy_packs": (PACK,),
            "embedder": "none",
        }
        settings = Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue] - pydantic-settings' own
        async with open_application(settings, policy=policy) as application:
            yield application


async def _drive_payments(application: Application) -> None:
    """Calls to the gateway until none is due; one answer may lead to the next call."""
    for _ in range(STEPS_OF_EFFECTS):
        async with application.database.read() as connection:
            due = await connection.fetch(
                "SELECT id FROM log.effects WHERE kind LIKE 'payment.%' AND state IN ('intended', 'unknown')"
            )
        if not due:
            return
        for row in due:
            await application.effects.drive(row["id"])
    raise RuntimeError("a payment's effects do not come to an end")


async def _fingerprint(application: Application) -> dict[str, tuple[int, Any]]:
    """Number and hash of the rows of every folded table."""
    async with application.database.read_snapshot() as connection:
        tables = await connection.fetch("SELECT table_name FROM log.folded_tables ORDER BY 1")
        found: dict[str, tuple[int, Any]] = {}
        for table in tables:
            name = table["table_name"]
            row = await connection.fetchrow(
                f"SELECT count(*) AS number, sum(hash_record_extended(t, 0)::numeric) AS total FROM {name} AS t"
            )
            assert row is not None, "an aggregate always has a row"
            found[name] = (row["number"], row["total"])
        return found


async def run(
    dsn: str, directory: Path, db: Path, stories: Sequence[Story], console: Console, *, keep: bool = False
) -> int:
    """Tells every story; prints a line for each that fails, and how many held. Returns how many failed."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    failed = 0
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("importing", total=len(stories))
        stage = await Stage.built(dsn, directory, db, keep=keep)
        try:
            for story in stories:
                progress.update(task, description=f"story {story.id}")
                try:
                    wrong = await stage.tell(story)
                except Exception as error:  # noqa: BLE001 - a story that breaks off is counted, and the others are told
                    wrong = f"broke off: {type(error).__name__}: {error}"
                if wrong is not None:
                    failed += 1
                    console.print(f"story {story.id}: {wrong}", markup=False, highlight=False, soft_wrap=True)
                progress.advance(task)
        finally:
            await stage.close()
    console.print(f"{len(stories) - failed} of {len(stories)} stories", highlight=False)
    return failed


async def run_through_tools(
    dsn: str,
    directory: Path,
    db: Path,
    stories: Sequence[Story],
    console: Console,
    *,
    keep: bool = False,
    page: Path | None = None,
) -> int:
    """Every story as a model's tool calls, every call attacked; returns how many stories failed. The last line goes
    into the page too, if one is named."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    failed = 0
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("importing", total=len(stories))
        stage = await Stage.built(dsn, directory, db, keep=keep)
        told = ThroughTools(stage)
        try:
            for story in stories:
                progress.update(task, description=f"story {story.id}")
                try:
                    wrong = await told.tell(story)
                    await told.tell_unguarded(story)
                except Exception as error:  # noqa: BLE001 - a story that breaks off is counted, and the others are told
                    wrong = [f"broke off: {type(error).__name__}: {error}"]
                failed += bool(wrong)
                for line in wrong:
                    console.print(f"story {story.id}: {line}", markup=False, highlight=False, soft_wrap=True)
                progress.advance(task)
        finally:
            await stage.close()
    return failed + _summed_up(told.tally, len(stories), failed, console, page)


def _summed_up(tally: Tally, stories: int, failed: int, console: Console, page: Path | None) -> int:
    """The table of attacks and the last line; 1 when an attack was not refused, or none lands without guard."""
    table = Table("attack", "refused", "of", "lands unguarded", "of")
    for kind in tally.tried:
        unguarded = (str(tally.landed_unguarded[kind]), str(tally.tried_unguarded[kind]))
        table.add_row(
            kind,
            str(tally.refused[kind]),
            str(tally.tried[kind]),
            *(unguarded if kind in tally.tried_unguarded else ("", "")),
        )
    console.print(table)
    refused, tried = sum(tally.refused.values()), sum(tally.tried.values())
    landed, opened = sum(tally.landed_unguarded.values()), sum(tally.tried_unguarded.values())
    line = (
        f"{stories - failed} of {stories} stories through tools; {tally.calls} calls, {refused} of {tried} attacks "
        f"refused in {len(tally.tried)} forms; unguarded {landed} of {opened} land"
    )
    console.print(line, highlight=False, soft_wrap=True)
    if page is not None:
        write_said(page, "tau", "python benchmarks/tau_retail.py --db … --tasks … --through tools", line)
    return int(refused < tried or (opened > 0 and 2 * landed < opened))


def main() -> None:
    """Parses the command line; exit code 0 only when every story comes out as expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", type=Path, required=True, help="the shop's data, JSON, plain or gzip")
    parser.add_argument("--tasks", type=Path, required=True, help="the stories, JSON")
    parser.add_argument("--through", choices=("actions", "tools"), default="actions", help="who does the calls")
    parser.add_argument("--keep", action="store_true", help="keep the imported file and failed stories, and say where")
    parser.add_argument("--write", type=Path, help="through tools: also write the last line into that page")
    chosen = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="bottega-tau-retail-"))
    console = Console()
    try:
        stories = read_stories(chosen.tasks)
        dsn = embedded.start(directory).dsn
        told = (dsn, directory, chosen.db, stories, console)
        if chosen.through == "tools":
            failed = asyncio.run(run_through_tools(*told, keep=chosen.keep, page=chosen.write))
        else:
            failed = asyncio.run(run(*told, keep=chosen.keep))
    except Refusal as refusal:
        raise SystemExit(f"{refusal.code}: {refusal}") from refusal
    finally:
        if chosen.keep:
            console.print(f"kept: {directory}, database {TEMPLATE}", highlight=False, soft_wrap=True)
        else:
            embedded.reset(directory)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
