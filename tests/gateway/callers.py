"""One caller of every kind, and a performer that only asks policy, so that every route can be tried by everybody."""

import dataclasses
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.outcome import Denied, Failed, Outcome
from bottega.actions.perform import Performer
from bottega.entrance import tokens
from bottega.kernel.errors import Conflict
from bottega.kernel.identifiers import new_id
from bottega.platform.sign_in.sessions import open_session
from bottega.shop.staff.actions import InviteStaff
from tests.gateway.people import bearer, register
from tests.gateway.populated import Populated
from tests.shop_fixtures import Shop

STAFF = ("owner", "manager", "support", "warehouse", "analyst")
# Keys of a manager, narrowed to one area and to reading.
KEYS = {"key_stock": ["stock"], "key_read": ["read"]}
CALLERS = ("anonymous", "guest", "customer", *STAFF, *KEYS)

# What a rule may ask for, as kind as it can be: only who asks is left to decide.
KIND_FACTS: dict[str, Any] = {
    "own": True,
    "confirmed": True,
    "amount_minor": 100,
    "refundable_minor": 1_000,
    "capturable_minor": 1_000,
    "limit_minor": 1_000,
    "day_limit_minor": 100_000,
    "refunded_today_minor": 0,
    "second_limit_minor": 100_000,
    "instrument_is_payers": True,
    "shipped": False,
    "return_window_open": True,
    "own_request": False,
    "own_entry": False,
    "undone_groups": ["catalogue"],
}


class OnlyDeciding:
    """A performer that performs nothing: what policy permits or holds is answered with 409 `would_be_performed`."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._performer, name)

    async def perform(self, action: Action, *, by: Actor, **_: Any) -> Outcome:
        decision = self._performer.policy.decide(action.action_name(), by, KIND_FACTS)
        if decision.effect == "forbid":
            return Denied(decision.rule_ids, tuple(decision.descriptions))
        return Failed(Conflict("would_be_performed", f"{action.action_name()} is not performed here."))


@asynccontextmanager
async def only_deciding(shop: Shop) -> AsyncGenerator[None]:
    """Nothing that is asked for through the API is performed inside."""
    context = shop.app.state.context
    shop.app.state.context = dataclasses.replace(context, performer=OnlyDeciding(context.performer))
    try:
        yield
    finally:
        shop.app.state.context = context


async def headers_of(populated: Populated, caller: str) -> dict[str, str]:
    """Headers of one of the callers; staff sign in, and keys are keys."""
    shop = populated.shop
    if caller in KEYS:
        return await _key(shop, KEYS[caller])
    if caller in STAFF:
        return await _session(shop, caller)
    if caller == "customer":
        # A session of its own, because some routes end it.
        return (await register(shop, f"{new_id('cus')}@example.com")).headers
    return populated.guest if caller == "guest" else {}


async def _session(shop: Shop, role: str) -> dict[str, str]:
    email = f"{new_id('stf')}@example.com"
    invited = await shop.done(InviteStaff.model_validate({"email": email, "name": role, "role": role}))
    token, digest = tokens.random_token(tokens.SESSION)
    async with shop.application.database.connection() as connection:
        await open_session(connection, digest, "staff", invited["staff_id"], shop.application.clock.now())
    return bearer(token)


async def _key(shop: Shop, scopes: list[str]) -> dict[str, str]:
    token, digest = tokens.random_token(tokens.API_KEY)
    await shop.execute(
        "INSERT INTO platform.api_keys (id, digest, name, role, scopes, created_by, created_at) "
        "VALUES ($1, $2, 'test', 'manager', $3, 'test', now())",
        new_id("key"),
        digest,
        scopes,
    )
    return bearer(token)
