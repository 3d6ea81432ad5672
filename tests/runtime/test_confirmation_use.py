"""A yes permits one action, the one that was shown, in its time, and is used up by it."""

from collections.abc import Awaitable
from datetime import datetime, timedelta

import pytest

from bottega.kernel.errors import Conflict
from bottega.runtime.confirmation import Confirmations, new_request, use
from bottega.runtime.run import Principal
from tests.runtime.workshop import Workshop

SESSION = "s1"
CUSTOMER = Principal("customer", "cus_alice", "cus_alice")


async def asked(workshop: Workshop, now: datetime) -> str:
    await workshop.runtime.open_session(SESSION, "clerk", CUSTOMER)
    request = new_request(
        session_id=SESSION,
        run_id="run_1",
        turn=1,
        tool="send_parcel",
        action="SendParcel",
        arguments={"parcel_id": "p1"},
        digest="shown",
        summary="Send it?",
        now=now,
    )
    await Confirmations(workshop.database).ask(request, "cus_alice", now)
    return request.id


async def used(workshop: Workshop, request_id: str, digest: str, now: datetime) -> None:
    async with workshop.database.write() as connection:
        await use(connection, request_id, digest, "run_1", now)


async def refused(using: Awaitable[None]) -> None:
    with pytest.raises(Conflict) as conflict:
        await using
    assert conflict.value.code == "confirmation_not_valid"


async def test_a_yes_is_used_up(workshop: Workshop) -> None:
    now = workshop.clock.now()
    request_id = await asked(workshop, now)
    await used(workshop, request_id, "shown", now)
    await refused(used(workshop, request_id, "shown", now))


async def test_a_yes_permits_what_was_shown_and_in_its_time(workshop: Workshop) -> None:
    now = workshop.clock.now()
    request_id = await asked(workshop, now)
    await refused(used(workshop, request_id, "something else", now))
    await refused(used(workshop, request_id, "shown", now + timedelta(days=2)))
    assert await workshop.value("SELECT state FROM runtime.confirmations WHERE id = $1", request_id) == "pending"


async def test_a_yes_to_what_was_replaced_permits_nothing(workshop: Workshop) -> None:
    now = workshop.clock.now()
    first, second = await asked(workshop, now), await asked(workshop, now)
    await refused(used(workshop, first, "shown", now))
    await used(workshop, second, "shown", now)
