"""What an action would do and what policy would say to it, found out by doing it and taking it back."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from bottega.actions import records, refusals
from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.perform import Performer
from bottega.actions.policy.decision import Decision
from bottega.actions.records import Request
from bottega.actions.registry import Facts, handler_of
from bottega.kernel.errors import Refusal
from bottega.platform.database.connection_loss import is_connection_loss


@dataclass(frozen=True, slots=True)
class Preview:
    """`decision` is None when the facts themselves refused. `result`, `diff` and `stake` (amount in minor units and
    currency) are there when the action would run or wait; `refusal` is what the shop's state says against it."""

    decision: Decision | None
    facts: Facts
    result: dict[str, Any] | None = None
    diff: tuple[dict[str, Any], ...] = ()
    stake: tuple[int, str] | None = None
    refusal: Refusal | None = None

    @property
    def is_possible(self) -> bool:
        """Whether it would be done, at once or after an approval."""
        return self.decision is not None and self.decision.effect != "forbid" and self.refusal is None


class _TakenBack(Exception):
    """Leaves the transaction without keeping anything of it."""


async def preview(performer: Performer, action: Action, *, by: Actor, attested: Facts | None = None) -> Preview:
    """Asks policy over the facts of now and runs the handler, in a transaction that is rolled back.

    Nothing is kept: no entry, no row, no effect, no job, no running total. Raises `Unavailable` when the database
    cannot be reached or others hold the rows for too long.
    """
    request = Request(action, by, None, None, "", attested=attested or {})
    handler = handler_of(request.name)
    decision: Decision | None = None
    facts: Facts = {}
    found: Preview | None = None
    try:
        async with performer.database.write(request.entry_id) as connection:
            work = performer.work(connection, request.entry_id, by)
            facts = await performer.gather_facts(handler, request, work)
            decision = performer.policy.decide(request.name, by, facts)
            if decision.effect != "forbid":
                result = await handler.run(action, work)
                diff = await records.recorded_diff(connection, request.entry_id)
                stake = handler.at_stake(action, facts) if handler.at_stake else None
                found = Preview(decision, facts, result, tuple(diff), stake)
            raise _TakenBack
    except _TakenBack:
        return found or Preview(decision, facts)
    except asyncpg.LockNotAvailableError as error:
        raise refusals.busy() from error
    except Exception as error:
        refusal = refusals.refusal_of(error)
        if refusal is None:
            if is_connection_loss(error):
                raise refusals.database_away() from error
            raise refusals.without_values(error) from None
        return Preview(decision, facts, refusal=refusal)
