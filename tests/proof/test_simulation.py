"""Schedules: the same seed is the same run, crashes lose nothing, and a broken shop is noticed and shown shortly."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from bottega.proof.kill.shop_processes import temporary_directory
from bottega.proof.simulation.actors import CAST, Person
from bottega.proof.simulation.journeys import JOURNEYS
from bottega.proof.simulation.schedule import Plan, Stage, open_stage
from bottega.proof.simulation.shrink import shortest
from bottega.shop.invariants import ORDERS_ADD_UP


@pytest_asyncio.fixture(scope="module")
async def stage() -> AsyncGenerator[Stage]:
    with temporary_directory("simulate") as directory:
        assert isinstance(directory, Path)
        async with open_stage(directory) as opened:
            yield opened


async def test_the_same_seed_is_the_same_run(stage: Stage) -> None:
    plan = Plan("11/0", CAST, 0.2, frozenset({120}))
    one, other = await stage.play(plan), await stage.play(plan)
    assert one.trace == other.trace
    assert (one.crashes, one.violations) == (1, [])
    another = await stage.play(Plan("12/0", CAST, 0.2, frozenset({120})))
    assert another.trace != one.trace


@pytest.mark.parametrize("name", JOURNEYS)
async def test_a_crash_in_the_middle_of_a_journey_loses_nothing(stage: Stage, name: str) -> None:
    calm = await stage.play(Plan(f"1/{name}", {"shopper 1": JOURNEYS[name]}))
    assert calm.violations == []
    middle = calm.points * 2 // 3
    crashed = await stage.play(Plan(f"1/{name}", {"shopper 1": JOURNEYS[name]}, crash_at=frozenset({middle})))
    assert (crashed.crashes, crashed.violations) == (1, [])
    assert crashed.acknowledged == calm.acknowledged
    assert any(line.startswith("CRASH before shopper 1") for line in crashed.trace)


async def test_what_breaks_a_promise_is_found_and_shortened(stage: Stage) -> None:
    async def meddler(person: Person) -> None:
        """Changes a row behind the log's back, as no code of the shop can."""
        await person.world.turnstile.point("meddles")
        async with person.world.application.database.connection() as connection:
            await connection.execute("SET session_replication_role = replica")
            await connection.execute("UPDATE shop.stock_levels SET on_hand = on_hand + 1")
            await connection.execute("SET session_replication_role = origin")

    cast = {"meddler": meddler, "shopper 1": CAST["shopper 1"], "sealer": CAST["sealer"]}
    plan = Plan("5/0", cast, 0.2, frozenset({500}))
    outcome = await stage.play(plan, "repeat me")
    assert {found.promise for found in outcome.violations} == {"I7", "I14"}
    short = await shortest(stage, plan, outcome, "repeat me")
    assert short[0].repeat == "repeat me"
    assert {line.partition(":")[0] for line in short[0].trace} == {"meddler"}
    assert len(short[0].trace) < len(outcome.trace)
    assert ORDERS_ADD_UP.name not in {found.promise for found in short}
