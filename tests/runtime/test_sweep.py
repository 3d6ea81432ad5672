"""What the sweeper finds, ends and forgets; and that a customer's words go with the customer."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bottega.actions.forgetting import forget_everywhere
from bottega.connectors.sandbox.chat_model import Slowly
from bottega.kernel.errors import NotFound
from bottega.runtime import jobs, sweep
from bottega.runtime.role import SAFE_TEXTS
from bottega.runtime.run import Principal
from bottega.runtime.sessions import Message
from tests.runtime.test_confirmations import asked_to_send
from tests.runtime.workshop import OFFICE, Workshop, says

BOB = Principal("customer", "cus_bob", "cus_bob")


class KeptForAMonth:
    """Journals for a month, conversations for half a year."""

    kept_days = (30, 180)

    async def started(self) -> Any:
        raise AssertionError("tidying needs no runtime")


@dataclass
class JobContext:
    """What the jobs are given."""

    database: Any
    jobs: Any
    clock: Any
    agents: KeptForAMonth


async def woken(workshop: Workshop) -> list[str]:
    return await sweep.wake_due(workshop.database, workshop.jobs, workshop.clock.now())


async def test_a_run_that_was_started_and_left_is_found(workshop: Workshop) -> None:
    run = await workshop.runtime.start("officer", {"do": "Look"}, OFFICE)
    assert await woken(workshop) == []
    workshop.clock.ahead = timedelta(seconds=3)
    assert await woken(workshop) == [run.id]


async def test_a_queued_turn_whose_predecessor_was_answered_is_found(workshop: Workshop) -> None:
    await workshop.say("Hello", says("Good day!"))
    await workshop.execute("UPDATE runtime.sessions SET answered_ordinal = 0")
    await workshop.runtime.sessions.hear(Message("s1", "More", "late"), "More", workshop.clock.now())
    run_id = await workshop.value("SELECT id FROM runtime.runs WHERE state = 'queued'")
    workshop.clock.ahead = timedelta(seconds=3)
    assert await woken(workshop) == []
    await workshop.execute("UPDATE runtime.sessions SET answered_ordinal = 1")
    assert await woken(workshop) == [run_id]
    workshop.script.append(says("Here I am."))
    await workshop.work()
    assert (await workshop.runtime.find(run_id)).state == "done"


async def test_a_run_that_kills_its_processes_is_given_up_and_its_turn_answered(workshop: Workshop) -> None:
    await workshop.say("Hello", says("Good day!"))
    await workshop.execute(
        "UPDATE runtime.runs SET state = 'running', holder = 2147483000, attempts = 5, finished_at = NULL, "
        "answered_at = NULL"
    )
    await workshop.execute("UPDATE runtime.turns SET reply = NULL, answered_at = NULL")
    await workshop.execute("UPDATE runtime.sessions SET answered_ordinal = 0")
    run_id = await workshop.value("SELECT id FROM runtime.runs")
    assert await workshop.runtime.advance(run_id) is None
    now = workshop.clock.now()
    assert await sweep.bury_the_dead(workshop.database, SAFE_TEXTS["error"], now) == [run_id]
    run = await workshop.runtime.find(run_id)
    assert (run.state, run.failure) == ("failed", "crashed")
    turn = await workshop.say("Still there?", says("Yes."))
    assert turn.reply is not None
    assert turn.reply["text"] == "Yes."
    transcript = await workshop.runtime.sessions.transcript("s1")
    assert transcript[0].reply is not None
    assert transcript[0].reply["text"] == SAFE_TEXTS["error"]


async def test_old_journals_go_first_and_old_conversations_later(workshop: Workshop) -> None:
    await workshop.say("Hello", says("Good day!"))
    await workshop.runtime.start("officer", {"do": "Look"}, OFFICE)
    workshop.script.append(says("All is well."))
    await workshop.work()

    async def after(days: int) -> list[int]:
        workshop.clock.ahead = timedelta(days=days)
        await jobs.tidy(JobContext(workshop.database, workshop.jobs, workshop.clock, KeptForAMonth()), {})
        tables = ("steps", "runs", "turns", "sessions")
        return [await workshop.value(f"SELECT count(*) FROM runtime.{table}") for table in tables]

    assert await after(29) == [8, 2, 1, 1]
    assert await after(31) == [0, 2, 1, 1]
    assert await after(181) == [0, 0, 0, 0]


async def test_what_a_customer_said_goes_with_the_customer(workshop: Workshop) -> None:
    await asked_to_send(workshop)
    await workshop.say("Hello", says("Good day, Bob!"), session="s2", principal=BOB)
    run = await workshop.runtime.start("officer", {"about": "cus_alice"}, Principal("system", "mail", "cus_alice"))
    workshop.script.append(says("Noted."))
    await workshop.work()
    tables = ("sessions", "turns", "runs", "steps", "confirmations")

    async def everything() -> str:
        texts = [
            await workshop.value(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM runtime.{t} t") for t in tables
        ]
        return " ".join(texts)

    assert "Elm Street" in await everything()
    async with workshop.database.write() as connection:
        forgotten = await forget_everywhere(connection, "cus_alice")
    assert forgotten["runtime"] == 2
    left = await everything()
    assert "Elm Street" not in left
    assert "cus_alice" not in left
    assert "Good day, Bob!" in left
    assert (await workshop.runtime.find(run.id)).result is None


async def test_a_run_under_way_for_a_forgotten_customer_stops(workshop: Workshop) -> None:
    def forget(request: Any, number: int) -> Any:
        forgetting.append(asyncio.ensure_future(_forget(workshop)))
        return Slowly(says("Good day!"), 0.3)

    forgetting: list[Any] = []
    with pytest.raises(NotFound):
        await workshop.say("I am Alice of 12 Elm Street", forget)
    await forgetting[0]
    assert await workshop.value("SELECT count(*) FROM runtime.steps") == 0


async def _forget(workshop: Workshop) -> None:
    async with workshop.database.write() as connection:
        await forget_everywhere(connection, "cus_alice")
