"""The inbox of payment gateways' webhooks: kept once each, worked off in any order, dead letters for a person.

An event is a hint. What it is about is read at the gateway and recorded, so it does not matter whether events come
late, twice or in another order. Only references are kept of it: a gateway's event may hold names and secrets.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict

from bottega.actions.actor import Cause, system
from bottega.actions.perform import Performer
from bottega.kernel.errors import Conflict, NotFound, Refusal, Unavailable
from bottega.platform.database.pool import Connection
from bottega.ports.payment_gateway import GatewayEvent
from bottega.ports.services import Services
from bottega.shop.flows.payment_reports import gateway_named, refund_record, refund_state_action, take_over
from bottega.shop.payments.queries import payment_at_gateway

log = structlog.get_logger(__name__)

InboxState = Literal["received", "done", "dead"]
INBOX_STATES: tuple[InboxState, ...] = ("received", "done", "dead")
# The wait doubles with each attempt, from one second: the last one comes more than an hour after the first.
MAXIMUM_ATTEMPTS = 12
LARGEST_BATCH = 100


class InboxEvent(BaseModel):
    """A received event as it is shown."""

    model_config = ConfigDict(frozen=True)

    provider: str
    event_id: str
    kind: str
    body: dict[str, Any]
    state: InboxState
    deliveries: int
    attempts: int
    last_error: str | None
    received_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Inbox:
    """Works events off; made where it is needed."""

    performer: Performer
    services: Services

    async def receive(self, event: GatewayEvent) -> InboxState:
        """Keeps an event, or counts that it came again; returns how far it has come."""
        body = {
            "vendor_type": event.vendor_type,
            "occurred_at": event.occurred_at.isoformat(),
            "payment_reference": event.payment_reference,
            "payment_id": None if event.payment is None else event.payment.payment_id,
            "refund_id": None if event.refund is None else event.refund.refund_id,
        }
        async with self.performer.database.connection() as connection:
            return await connection.fetchval(
                "INSERT INTO platform.webhook_inbox AS i "
                "(provider, event_id, kind, body, received_at, state, settled_at) "
                "VALUES ($1, $2, $3, $4, $5, CASE $3 WHEN 'other' THEN 'done' ELSE 'received' END, "
                "CASE $3 WHEN 'other' THEN $5::timestamptz END) "
                "ON CONFLICT (provider, event_id) DO UPDATE SET deliveries = i.deliveries + 1 RETURNING state",
                event.gateway,
                event.event_id,
                event.kind,
                body,
                self.performer.clock.now(),
            )

    async def work_off(self, provider: str, event_id: str) -> InboxState:
        """One attempt at an event; several at once do no harm. Returns its state afterwards."""
        async with self.performer.database.connection() as connection:
            row = await connection.fetchrow(
                "UPDATE platform.webhook_inbox SET attempts = attempts + 1 "
                "WHERE provider = $1 AND event_id = $2 AND state = 'received' RETURNING kind, body, attempts",
                provider,
                event_id,
            )
            if row is None:
                return await connection.fetchval(_STATE, provider, event_id)
        try:
            await self._apply(provider, event_id, row["kind"], row["body"])
        except Unavailable as error:
            return await self._end(provider, event_id, "dead" if row["attempts"] >= MAXIMUM_ATTEMPTS else None, error)
        except Refusal as error:
            log.warning("webhook_dead", provider=provider, event_id=event_id, code=error.code)
            return await self._end(provider, event_id, "dead", error)
        return await self._end(provider, event_id, "done", None)

    async def work_off_due(self, limit: int = LARGEST_BATCH) -> int:
        """Everything whose time has come, oldest first; returns how many."""
        async with self.performer.database.read() as connection:
            rows = await connection.fetch(
                "SELECT provider, event_id FROM platform.webhook_inbox WHERE state = 'received' "
                "AND received_at + interval '1 second' * (2 ^ attempts) <= $1 ORDER BY received_at LIMIT $2",
                self.performer.clock.now(),
                limit,
            )
        for row in rows:
            await self.work_off(row["provider"], row["event_id"])
        return len(rows)

    async def _apply(self, provider: str, event_id: str, kind: str, body: dict[str, Any]) -> None:
        because = Cause("webhook", f"{provider}:{event_id}")
        async with self.performer.database.read() as connection:
            payment = await payment_at_gateway(
                connection, provider, payment_id=body["payment_id"], reference=body["payment_reference"]
            )
        if payment is None:
            # Somebody else uses the same account at the provider; nothing of ours is meant.
            return
        if kind == "refund" and body["refund_id"] is not None:
            await self._record_refund(provider, body["refund_id"], payment["gateway_reference"], because)
            return
        state = await take_over(self.performer, self.services, payment, because)
        if kind == "refund" and state is not None:
            await self._check_refunded(payment["id"], state.amount_refunded_minor)

    async def _record_refund(self, provider: str, refund_id: str, reference: str | None, because: Cause) -> None:
        async with self.performer.database.read() as connection:
            if not await connection.fetchval("SELECT EXISTS (SELECT FROM shop.refunds WHERE id = $1)", refund_id):
                return
        gateway = gateway_named(self.services, provider)
        state = None if reference is None else await gateway.find_refund(refund_id, payment_reference=reference)
        if state is None:
            raise Unavailable("refund_not_visible", f"Refund {refund_id} is not to be seen at {provider} yet.")
        action = refund_state_action(refund_id, refund_record(state))
        (await self.performer.perform(action, by=system("payments"), because=because)).unwrap()

    async def _check_refunded(self, payment_id: str, refunded_minor: int) -> None:
        """Money that was given back on the gateway's own pages is in no book of ours: a person has to see it."""
        async with self.performer.database.read() as connection:
            known = await connection.fetchval("SELECT refunded_minor FROM shop.payments WHERE id = $1", payment_id)
        if refunded_minor > known:
            raise Conflict(
                "refunded_elsewhere",
                f"The gateway has refunded {refunded_minor} of payment {payment_id}, the shop {known}.",
                next_step="Find who refunded it outside the shop.",
            )

    async def _end(self, provider: str, event_id: str, state: InboxState | None, error: Refusal | None) -> InboxState:
        async with self.performer.database.connection() as connection:
            await connection.execute(
                "UPDATE platform.webhook_inbox SET state = coalesce($3, state), last_error = $4, "
                "settled_at = CASE WHEN $3::text IS NULL THEN settled_at ELSE $5::timestamptz END "
                "WHERE provider = $1 AND event_id = $2 AND state = 'received'",
                provider,
                event_id,
                state,
                None if error is None else f"{error.code}: {error}"[:1000],
                self.performer.clock.now(),
            )
        return state or "received"


_STATE = "SELECT state FROM platform.webhook_inbox WHERE provider = $1 AND event_id = $2"


async def list_inbox(
    connection: Connection,
    *,
    provider: str | None = None,
    state: InboxState | None = None,
    after: tuple[str, str] | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[InboxEvent]:
    """Events by provider and event id; `after` is the last one seen, or `offset` how many are left out."""
    rows = await connection.fetch(
        "SELECT * FROM platform.webhook_inbox WHERE ($1::text IS NULL OR provider = $1) "
        "AND ($2::text IS NULL OR state = $2) AND (provider, event_id) > ($3, $4) "
        "ORDER BY provider, event_id LIMIT $5 OFFSET $6",
        provider,
        state,
        *(after or ("", "")),
        limit,
        offset,
    )
    return [InboxEvent(**dict(row)) for row in rows]


async def get_inbox_event(connection: Connection, provider: str, event_id: str) -> InboxEvent:
    """One event; raises `no_such_event`."""
    row = await connection.fetchrow(
        "SELECT * FROM platform.webhook_inbox WHERE provider = $1 AND event_id = $2", provider, event_id
    )
    if row is None:
        raise _no_such_event(provider, event_id)
    return InboxEvent(**dict(row))


async def requeue_event(connection: Connection, provider: str, event_id: str, now: datetime) -> InboxEvent:
    """A dead event is worked off again, with all its attempts before it."""
    row = await connection.fetchrow(
        "UPDATE platform.webhook_inbox SET state = 'received', attempts = 0, received_at = $3, settled_at = NULL "
        "WHERE provider = $1 AND event_id = $2 AND state = 'dead' RETURNING *",
        provider,
        event_id,
        now,
    )
    if row is not None:
        return InboxEvent(**dict(row))
    event = await get_inbox_event(connection, provider, event_id)
    raise Conflict("event_not_dead", f"Event {event_id} is {event.state}.", next_step="Only dead ones are requeued.")


def _no_such_event(provider: str, event_id: str) -> NotFound:
    return NotFound(
        "no_such_event", f"{provider} sent no event {event_id}.", next_step="See `bottega webhooks inbox list`."
    )
