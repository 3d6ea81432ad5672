"""After the stop switch no agent changes anything, whatever it was in the middle of."""

import asyncio
from dataclasses import replace

import asyncpg

from bottega.actions.outcome import Done
from bottega.runtime import sweep
from bottega.runtime.switches import StartAgents, StopAgents, stopped_roles
from tests.runtime.parcels import MANAGER
from tests.runtime.workshop import OFFICE, OFFICER, Workshop, calls, open_workshop, results, says, until


async def stop(workshop: Workshop, role: str = "*") -> None:
    await workshop.done(StopAgents(role=role, reason="Something is odd."), MANAGER)


async def start(workshop: Workshop, role: str = "*") -> None:
    await workshop.done(StartAgents(role=role), MANAGER)


async def test_a_stopped_agent_reads_and_answers_and_changes_nothing(workshop: Workshop) -> None:
    await workshop.stock("Blue mug", 1250)
    await stop(workshop)
    turn = await workshop.say(
        "A mug", calls(("list_goods", {})), calls(("open_parcel", {})), says("I may not do that now.")
    )
    assert turn.reply is not None
    assert turn.reply["text"] == "I may not do that now."
    assert await workshop.value("SELECT count(*) FROM shop.parcels") == 0
    refused = results(workshop.model.requests[-1])[-1]
    assert (refused["error"], refused["next_step"]) == ("denied_by_policy", "A colleague has to do this.")
    denial = await workshop.rows("SELECT rule_ids FROM log.denials")
    assert denial == [{"rule_ids": ["agents.stopped"]}]


async def test_one_role_is_stopped_and_started(workshop: Workshop) -> None:
    await stop(workshop, "officer")
    async with workshop.database.read() as connection:
        assert {role: row["reason"] for role, row in (await stopped_roles(connection)).items()} == {
            "officer": "Something is odd."
        }
    turn = await workshop.say("Open a parcel", calls(("open_parcel", {})), says("It is open."))
    assert turn.reply is not None
    assert await workshop.value("SELECT count(*) FROM shop.parcels") == 1
    await start(workshop, "officer")
    async with workshop.database.read() as connection:
        assert await stopped_roles(connection) == {}


async def test_the_shop_setting_is_the_same_switch(workshop: Workshop) -> None:
    async def setting(value: str | None) -> None:
        async with workshop.database.write("ent_test") as connection:
            await connection.execute("SET LOCAL session_replication_role = origin")
            await connection.execute("ALTER TABLE shop.shop_settings DISABLE TRIGGER ALL")
            await connection.execute("ALTER TABLE shop.shop_settings ENABLE TRIGGER follow_setting_changed")
            await connection.execute("ALTER TABLE shop.shop_settings ENABLE TRIGGER follow_setting_gone")
            if value is None:
                await connection.execute("DELETE FROM shop.shop_settings WHERE name = 'agents_stopped'")
            else:
                await connection.execute(
                    "INSERT INTO shop.shop_settings (name, value) VALUES ('agents_stopped', $1::text::jsonb) "
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    value,
                )

    async def is_stopped() -> bool:
        return await workshop.value("SELECT stopped FROM runtime.switches WHERE role = '*'")

    await setting("true")
    assert await is_stopped()
    await setting("false")
    assert not await is_stopped()
    await setting("true")
    await setting(None)
    assert not await is_stopped()


async def test_a_stop_in_the_middle_of_an_action_waits_for_it_and_lets_no_other_pass(workshop: Workshop) -> None:
    """Held by its lock, the switch cannot be thrown between the question and the commit."""
    acting = await asyncpg.connect(workshop.dsn)
    async with acting.transaction():
        assert await acting.fetchval("SELECT runtime.may_act('clerk')")
        stopping = asyncio.create_task(workshop.performer.perform(StopAgents(reason="Now."), by=MANAGER))
        await asyncio.sleep(0.2)
        assert not stopping.done()
    assert isinstance(await stopping, Done)
    async with acting.transaction():
        assert not await acting.fetchval("SELECT runtime.may_act('clerk')")
    await acting.close()


async def test_no_effect_commits_after_the_stop_under_load(database_url: str) -> None:
    """Twelve conversations open parcels while the switch is thrown: no agent's entry is numbered after the stop's."""

    def script(request: object, number: int) -> object:
        return calls(("open_parcel", {}), ("open_parcel", {}), ("open_parcel", {}))

    async with open_workshop(database_url, script=script) as workshop:  # pyright: ignore[reportArgumentType] - a script

        async def busy(number: int) -> None:
            for turn in range(3):
                await workshop.say("Open", session=f"s{number}", key=f"{number}-{turn}")

        working = [asyncio.create_task(busy(number)) for number in range(12)]
        await until(lambda: workshop.value("SELECT count(*) >= 5 FROM shop.parcels"))
        await stop(workshop)
        stopped_at = await workshop.value("SELECT sequence FROM log.entries WHERE action = 'StopAgents'")
        await asyncio.gather(*working)
        late = "SELECT count(*) FROM log.entries WHERE actor_kind = 'agent' AND sequence > $1"
        assert await workshop.value(late, stopped_at) == 0
        opened = await workshop.value("SELECT count(*) FROM log.entries WHERE action = 'OpenParcel'")
        assert 5 <= opened < 12 * 3 * 3
        assert await workshop.value("SELECT count(*) FROM shop.parcels") == opened


async def test_a_role_that_waits_goes_on_when_agents_are_started(database_url: str) -> None:
    async with open_workshop(database_url, roles=(replace(OFFICER, on_stop="wait"),)) as workshop:
        await workshop.stock("Blue mug", 1250)
        await stop(workshop)
        run = await workshop.runtime.start("officer", {"do": "Set the mug to 1200"}, OFFICE)
        await workshop.work()
        waiting = (await workshop.runtime.find(run.id)).waiting
        assert waiting is not None
        assert waiting.what == "stop_switch"
        assert await sweep.wake_due(workshop.database, workshop.jobs, workshop.clock.now()) == []
        await start(workshop)
        assert await sweep.wake_due(workshop.database, workshop.jobs, workshop.clock.now()) == [run.id]
        workshop.script.extend(
            [
                calls(("list_goods", {})),
                calls(("reprice_good", {"good_id": "good_1", "price_minor": 1200})),
                says("The price is 12.00 EUR now."),
            ]
        )
        await workshop.work()
        assert (await workshop.runtime.find(run.id)).state == "done"
        assert await workshop.value("SELECT price_minor FROM shop.goods") == 1200
