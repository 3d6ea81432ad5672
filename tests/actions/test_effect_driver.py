"""Effects: sent once however many drive them, looked up when in doubt, buried after the last attempt."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from bottega.actions import effects
from bottega.actions.effects import Answer, Cancelled, Effect, EffectDriver, Sending, register_sender
from bottega.actions.outcome import Failed
from bottega.kernel.errors import Conflict, OutcomeUnknown, Unavailable
from bottega.kernel.identifiers import new_id
from bottega.shop.flows.cancel_order import CancelOrder
from tests.gateway.checkout import Buyer, open_counter
from tests.shop.entries import entry
from tests.shop_fixtures import OWNER, Shop

KIND = "test.call"


class Vendor:
    """The outside world of these tests: what it was sent, and what it says."""

    def __init__(self, says: Callable[[int], Awaitable[Answer]] | None = None, found: Answer | None = None) -> None:
        self.sent: list[str] = []
        self.looked_up: list[str] = []
        self._says, self._found = says, found

    async def send(self, effect: Effect, _: Sending) -> Answer:
        self.sent.append(effect.key)
        if self._says is not None:
            return await self._says(len(self.sent))
        return Answer("confirmed", {"number": len(self.sent)})

    async def look_up(self, effect: Effect, _: Sending) -> Answer | None:
        self.looked_up.append(effect.key)
        return self._found


@asynccontextmanager
async def registered(vendor: Vendor) -> AsyncGenerator[None]:
    register_sender(KIND, send=vendor.send, look_up=vendor.look_up)
    try:
        yield
    finally:
        del effects._SENDERS[KIND]


async def intended(shop: Shop, *, attempts: int = 8) -> str:
    effect_id = new_id("eff")
    async with entry(shop) as work:
        entry_id, now = work.entry_id, work.now
    await shop.execute(
        "INSERT INTO log.effects (id, entry_id, kind, key, payload, maximum_attempts, next_attempt_at, created_at) "
        "VALUES ($1, $2, $3, $1, '{}', $4, $5, $5)",
        effect_id,
        entry_id,
        KIND,
        attempts,
        now,
    )
    return effect_id


async def state_of(shop: Shop, effect_id: str) -> dict[str, Any]:
    rows = await shop.fetch("SELECT state, attempts, reconciled, last_error FROM log.effects WHERE id = $1", effect_id)
    return rows[0]


def advance(shop: Shop, **time: float) -> None:
    clock: Any = shop.application.clock
    clock.advance(timedelta(**time))


async def test_many_drivers_send_an_effect_once(shop: Shop) -> None:
    async def slowly(number: int) -> Answer:
        await asyncio.sleep(0.05)
        return Answer("confirmed", {"number": number})

    vendor = Vendor(slowly)
    effect_id = await intended(shop)
    application = shop.application
    drivers = [EffectDriver(application.performer, application.services) for _ in range(8)]
    async with registered(vendor):
        await asyncio.gather(*(driver.drive(effect_id) for driver in drivers))
        assert await drivers[0].drive(effect_id) == "confirmed"
    assert vendor.sent == [effect_id]
    assert (await state_of(shop, effect_id))["attempts"] == 1


async def test_what_a_sender_left_behind_when_it_died_is_looked_after(shop: Shop) -> None:
    effect_id = await intended(shop)
    vendor, driver = Vendor(found=Answer("confirmed", {"found": True})), shop.application.effects
    async with registered(vendor):
        # Claimed and sent, and nothing was heard of the process since.
        await shop.execute(
            "UPDATE log.effects SET state = 'sent', attempts = 1, sent_at = $2, next_attempt_at = $3 WHERE id = $1",
            effect_id,
            shop.application.clock.now(),
            shop.application.clock.now() + effects.LOST_AFTER,
        )
        assert await driver.drive_due() == 0, "its sender may still be at it"
        advance(shop, seconds=effects.LOST_AFTER.total_seconds() + 1)
        assert await driver.drive_due() == 1
    assert (vendor.sent, vendor.looked_up) == ([], [effect_id])
    assert (await state_of(shop, effect_id))["state"] == "confirmed"


async def test_an_unknown_outcome_that_is_found_is_not_sent_again(shop: Shop) -> None:
    async def lost(_: int) -> Answer:
        raise OutcomeUnknown("lost", "No answer.")

    vendor = Vendor(lost, found=Answer("confirmed", {"found": True}))
    effect_id = await intended(shop)
    driver = shop.application.effects
    async with registered(vendor):
        assert await driver.drive(effect_id) == "unknown"
        assert await driver.drive(effect_id) == "unknown"
        advance(shop, seconds=5)
        assert await driver.drive(effect_id) == "confirmed"
    assert (vendor.sent, vendor.looked_up) == ([effect_id], [effect_id])
    assert await state_of(shop, effect_id) == {
        "state": "confirmed",
        "attempts": 2,
        "reconciled": True,
        "last_error": None,
    }


async def test_a_sender_that_died_is_looked_up_first(shop: Shop) -> None:
    vendor = Vendor()
    effect_id = await intended(shop)
    await shop.execute("UPDATE log.effects SET state = 'sent', sent_at = now(), attempts = 1 WHERE id = $1", effect_id)
    driver = shop.application.effects
    async with registered(vendor):
        assert await driver.drive(effect_id) == "sent"
        advance(shop, seconds=46)
        assert await driver.drive(effect_id) == "intended"
        assert (vendor.sent, vendor.looked_up) == ([], [effect_id])
        assert await driver.drive(effect_id) == "confirmed"
    assert vendor.sent == [effect_id]


async def test_the_vendors_own_wish_is_respected(shop: Shop) -> None:
    async def away(_: int) -> Answer:
        raise Unavailable("away", "Too many calls.", retry_after_seconds=120)

    vendor = Vendor(away)
    effect_id = await intended(shop)
    driver = shop.application.effects
    async with registered(vendor):
        assert await driver.drive(effect_id) == "intended"
        advance(shop, seconds=119)
        await driver.drive(effect_id)
        assert len(vendor.sent) == 1
        advance(shop, seconds=2)
        await driver.drive(effect_id)
        assert len(vendor.sent) == 2


async def test_the_last_attempt_ends_in_the_dead_letters(shop: Shop) -> None:
    async def away(_: int) -> Answer:
        raise Unavailable("away", "Closed for the day.")

    vendor = Vendor(away)
    effect_id = await intended(shop, attempts=3)
    async with registered(vendor):
        states: list[str] = []
        for _ in range(4):
            states.append(await shop.application.effects.drive(effect_id))
            advance(shop, minutes=20)
    assert states == ["intended", "intended", "dead", "dead"]
    assert (await state_of(shop, effect_id))["last_error"] == "Closed for the day."


async def test_a_fault_in_a_sender_does_not_stop_the_others(shop: Shop) -> None:
    async def breaks_once(number: int) -> Answer:
        if number == 1:
            raise KeyError("name@example.com")
        return Answer("confirmed", {})

    vendor = Vendor(breaks_once)
    first = await intended(shop)
    second = await intended(shop)
    async with registered(vendor):
        assert await shop.application.effects.drive_due() == 2
    states = {(await state_of(shop, effect_id))["state"] for effect_id in (first, second)}
    assert states == {"unknown", "confirmed"}
    errors = await shop.fetch("SELECT last_error FROM log.effects WHERE state = 'unknown'")
    assert errors == [{"last_error": "The sender failed with KeyError."}]


async def test_a_sender_may_find_that_nothing_is_left_to_do(shop: Shop) -> None:
    async def gone(_: int) -> Answer:
        raise Cancelled("The customer was forgotten.")

    async def refused(_: int) -> Answer:
        raise Conflict("no", "Never.")

    for says, state in ((gone, "cancelled"), (refused, "dead")):
        effect_id = await intended(shop)
        async with registered(Vendor(says)):
            assert await shop.application.effects.drive(effect_id) == state


async def test_an_effect_of_a_rolled_back_action_never_existed(shop: Shop) -> None:
    async def refuse(_: object) -> None:
        raise Conflict("too_late", "Something else went wrong in the same transaction.")

    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    cancelling = CancelOrder(order_id=order_id, reason="test")
    outcome = await shop.application.performer.perform(cancelling, by=OWNER, alongside=refuse)
    assert isinstance(outcome, Failed)
    assert await shop.fetchval("SELECT count(*) FROM log.effects") == 0
    await shop.done(cancelling)
    assert [row["kind"] for row in await shop.fetch("SELECT kind FROM log.effects")] == ["mail.cancelled"]
