"""A process is killed anywhere in a turn: the turn completes once, elsewhere."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bottega.actions.approvals import GrantApproval
from bottega.runtime import sweep
from tests.runtime.doomed_process import ANSWER, script
from tests.runtime.parcels import MANAGER
from tests.runtime.test_confirmations import SEND, WISH
from tests.runtime.workshop import OFFICE, Workshop, calls, open_workshop, says, until

DOOMED = Path(__file__).parent / "doomed_process.py"

# The whole turn: three questions to the model, two reads and actions in between.
PLACES = [
    *(("before_write", count) for count in range(1, 6)),
    *(("after_write", count) for count in range(1, 6)),
    *(("in_model", count) for count in range(1, 4)),
    *(("in_action", count) for count in range(1, 3)),
    *(("after_action", count) for count in range(1, 3)),
]


class Doom:
    """Makes processes that die where they are told to."""

    def __init__(self, process: asyncio.subprocess.Process, dsn: str) -> None:
        self._process, self._dsn = process, dsn

    async def die(self, notes: Path, place: str, count: int, what: str = "turn") -> None:
        """Returns when such a process has killed itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{self._dsn} {notes} {place} {count} {what}\n".encode())
        async with asyncio.timeout(60):
            died_of = await self._process.stdout.readline()
        assert died_of == b"9\n", (place, count, died_of)


@pytest.fixture
async def doom(database_url: str) -> AsyncIterator[Doom]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(DOOMED), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    yield Doom(process, database_url)
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


def questions(notes: Path) -> int:
    return len(notes.read_text().splitlines()) if notes.exists() else 0


HELD_BY_THE_LIVING = "SELECT FROM runtime.runs WHERE state = 'running' AND runtime.is_alive(holder)"


async def wake_and_work(workshop: Workshop) -> None:
    """What the sweeper and a worker do, as soon as the database has noticed the death."""
    await until(lambda: workshop.value(f"SELECT NOT EXISTS ({HELD_BY_THE_LIVING})"))
    workshop.clock.ahead += timedelta(seconds=3)
    await sweep.wake_due(workshop.database, workshop.jobs, workshop.clock.now())
    await workshop.work()


@pytest.mark.slow
async def test_a_turn_completes_once_wherever_its_process_is_killed(
    doom: Doom, database_url: str, tmp_path: Path
) -> None:
    """The deaths follow one another, each in a conversation of its own."""
    async with open_workshop(database_url, script=script(tmp_path / "unused")) as workshop:
        await workshop.stock("Blue mug", 1250)
        for place, count in PLACES:
            notes = tmp_path / f"{place}-{count}"
            await doom.die(notes, place, count)
            asked_before = questions(notes)
            workshop.model._script = script(notes)
            run_id = await workshop.value("SELECT id FROM runtime.runs ORDER BY turn DESC LIMIT 1")
            state = (await workshop.runtime.find(run_id)).state
            if (place, count) != ("after_write", 5):
                assert state == "running", (place, count)
                await wake_and_work(workshop)
            run = await workshop.runtime.find(run_id)
            assert (run.state, run.failure) == ("done", None), (place, count)
            assert run.result["text"] == ANSWER, (place, count)
            replies = await workshop.rows("SELECT reply ->> 'text' AS text FROM runtime.turns")
            assert replies == [{"text": ANSWER}], (place, count)
            entries = await workshop.rows(
                "SELECT action FROM log.entries WHERE because = $1 ORDER BY sequence", f"run:{run_id}"
            )
            assert [entry["action"] for entry in entries] == ["OpenParcel", "AddToParcel"], (place, count)
            # Never asked again once recorded: only the question under way when it died may have been asked twice.
            recorded = run.usage.model_calls
            assert recorded == 3, (place, count)
            assert questions(notes) - recorded in (0, 1), (place, count, asked_before)
            assert (questions(notes) == 4) == (place == "in_model" or (place, count) in LOST_ANSWERS), (place, count)
            await workshop.execute("DELETE FROM runtime.sessions")


# A plan, what was done, a plan, what was done, the answer: dying before a model's answer is recorded loses it.
LOST_ANSWERS = {("before_write", 1), ("before_write", 3), ("before_write", 5)}


# Deciding, doing, asking for words, answering.
PLACES_OF_A_YES = [
    *((place, count) for place in ("before_write", "after_write") for count in range(1, 4)),
    *(("in_action", 1), ("after_action", 1), ("in_model", 1)),
]


@pytest.mark.slow
async def test_a_yes_counts_once_wherever_its_process_is_killed(doom: Doom, database_url: str, tmp_path: Path) -> None:
    async with open_workshop(database_url) as workshop:
        await workshop.stock("Blue mug", 1250)
        scripted = workshop.model._script
        for place, count in PLACES_OF_A_YES:
            workshop.model._script = scripted
            workshop.script.extend([calls(("list_goods", {}), ("open_parcel", {}))])
            workshop.script.extend([calls(("add_to_parcel", {"good_id": "good_1"})), says("It is in.")])
            await workshop.say("A blue mug")
            asked = await workshop.say(WISH, calls(SEND))
            assert asked.reply is not None
            assert asked.reply["confirmation"] is not None, (place, count)
            notes = tmp_path / f"{place}-{count}"
            await doom.die(notes, place, count, "yes")
            workshop.model._script = script(notes)
            run_id = await workshop.value("SELECT id FROM runtime.runs ORDER BY turn DESC LIMIT 1")
            if (place, count) != ("after_write", 3):
                await wake_and_work(workshop)
            run = await workshop.runtime.find(run_id)
            assert (run.state, run.result["text"]) == ("done", "It is sent."), (place, count)
            entries = await workshop.rows("SELECT action FROM log.entries WHERE because = $1", f"run:{run_id}")
            assert [entry["action"] for entry in entries] == ["SendParcel"], (place, count)
            states = await workshop.rows("SELECT state, used_by FROM runtime.confirmations")
            assert [tuple(one.values()) for one in states] == [("used", run_id)], (place, count)
            await workshop.execute("DELETE FROM runtime.sessions")


@pytest.mark.slow
async def test_an_approval_waits_through_the_death_of_its_process(
    doom: Doom, database_url: str, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    async with open_workshop(database_url, script=script(notes)) as workshop:
        await workshop.stock("Blue mug", 1250)
        # Dies right after it has written down that it waits.
        await doom.die(notes, "after_write", 3, "task")
        (run,) = await workshop.rows("SELECT id, state, waiting_for FROM runtime.runs")
        assert (run["state"], run["waiting_for"]) == ("waiting", "approval")
        (approval,) = await workshop.rows("SELECT id, arguments_digest FROM log.approvals")
        grant = GrantApproval(approval_id=approval["id"], arguments_digest=approval["arguments_digest"])
        await workshop.done(grant, MANAGER)
        await wake_and_work(workshop)
        ended = await workshop.runtime.find(run["id"])
        assert (ended.state, ended.result["text"]) == ("done", "Withdrawn.")
        assert await workshop.value("SELECT count(*) FROM log.entries WHERE action = 'WithdrawGood'") == 1
        assert questions(notes) == 3


async def test_a_living_process_keeps_its_run(database_url: str, tmp_path: Path) -> None:
    """While the holder lives nobody takes the run over; when its connection is gone, somebody does."""
    notes = tmp_path / "notes"
    async with (
        open_workshop(database_url, script=script(notes)) as first,
        open_workshop(database_url, script=script(notes), is_fresh=False) as second,
    ):
        await first.stock("Blue mug", 1250)
        run = await first.runtime.start("officer", {"do": "Withdraw the mug"}, OFFICE)
        held = await first.runtime._journal.claim(run.id, first.clock.now())
        assert held is not None
        assert await second.runtime.advance(run.id) is None
        first.runtime._presence._connection.terminate()
        await until(lambda: second.value("SELECT NOT runtime.is_alive($1)", first.runtime._presence.number))
        assert await second.runtime.advance(run.id) is not None


async def test_advancing_at_once_from_two_processes_does_everything_once(database_url: str, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    async with (
        open_workshop(database_url, script=script(notes)) as first,
        open_workshop(database_url, script=script(notes), is_fresh=False) as second,
    ):
        await first.stock("Blue mug", 1250)
        run = await first.runtime.start("officer", {"do": "Withdraw the mug"}, OFFICE)
        taken = await asyncio.gather(*(shop.runtime.advance(run.id) for shop in (first, second) for _ in range(10)))
        assert sum(one is not None for one in taken) >= 1
        assert await first.value("SELECT count(*) FROM log.approvals") == 1
        assert questions(notes) == 2
