"""A run has one writer: a process that was taken for dead and is not writes nothing any more."""

from datetime import timedelta

import pytest

from bottega.runtime.journal import Journal, Overtaken, Writing
from bottega.runtime.presence import Presence
from bottega.runtime.run import Step
from tests.runtime.workshop import OFFICE, Workshop


async def test_whoever_was_overtaken_writes_nothing(workshop: Workshop) -> None:
    run = await workshop.runtime.start("officer", {"said": "Look"}, OFFICE)
    database, now = workshop.runtime.parts.database, workshop.clock.now()
    async with Presence(database.dsn) as first_presence:
        first = Journal(database, first_presence)
        held = await first.claim(run.id, now)
        assert held is not None
    # Its presence ended, as that of a process whose machine stood still; then it wakes up.
    async with Presence(database.dsn) as second_presence:
        second = Journal(database, second_presence)
        taken = await second.claim(run.id, now)
        assert taken is not None
        step = Step(1, "observe", "", "done", {"by": "the first"}, now, now + timedelta(seconds=1))
        with pytest.raises(Overtaken):
            await first.write(held, Writing("running", held.run.usage, steps=[step]), now)
        assert await second.steps(run.id) == []
        with pytest.raises(Overtaken):
            await first.write(held, Writing("failed", held.run.usage, failure="late"), now)
        mine = Step(1, "observe", "", "done", {"by": "the second"}, now, now)
        await second.write(taken, Writing("running", taken.run.usage, steps=[mine]), now)
        assert [kept.detail for kept in await second.steps(run.id)] == [{"by": "the second"}]
