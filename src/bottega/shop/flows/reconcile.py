"""Finding out by asking: webhooks that never came, and payments that wait too long for a gateway's word."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from bottega.actions.actor import Cause
from bottega.actions.perform import Performer
from bottega.kernel.errors import Refusal, Unavailable
from bottega.platform.jobs import periodic
from bottega.ports.payment_gateway import PaymentGateway
from bottega.ports.services import Services
from bottega.shop.flows.job_context import ShopJobs
from bottega.shop.flows.payment_reports import gateway_named, take_over
from bottega.shop.flows.webhook_inbox import Inbox
from bottega.shop.payments.queries import unsettled_payments

log = structlog.get_logger(__name__)

# How far the first look goes back, and how much each later one overlaps the one before: events appear late.
FIRST_LOOK = timedelta(days=3)
OVERLAP = timedelta(minutes=15)
LARGEST_NUMBER_OF_PAGES = 500
UNSETTLED_AFTER = timedelta(minutes=10)
LARGEST_BATCH = 100


async def read_missed_events(performer: Performer, services: Services, gateway_name: str) -> int:
    """Feeds what a gateway lists since the last look to the inbox; returns how many events it had not seen.

    The mark moves only when every page was kept, so a look that fails half-way is repeated.
    """
    gateway, inbox = gateway_named(services, gateway_name), Inbox(performer, services)
    began = performer.clock.now()
    since = await _read_until(performer, gateway_name, began)
    new: list[str] = []
    cursor: str | None = None
    for _ in range(LARGEST_NUMBER_OF_PAGES):
        page = await gateway.list_events(since=since, cursor=cursor)
        unseen = await _unseen(performer, gateway_name, [event.event_id for event in page.events])
        for event in page.events:
            if event.event_id in unseen:
                await inbox.receive(event)
                new.append(event.event_id)
        cursor = page.next_cursor
        if cursor is None:
            break
    else:
        raise Unavailable(
            "too_many_events", f"{gateway_name} lists more than {LARGEST_NUMBER_OF_PAGES} pages since {since}."
        )
    await _note(performer, gateway_name, began)
    # Oldest first: the gateway lists the newest first.
    for event_id in reversed(new):
        await inbox.work_off(gateway_name, event_id)
    return len(new)


async def ask_about_unsettled(performer: Performer, services: Services) -> int:
    """Asks gateways about payments without news for a while; returns about how many."""
    cutoff = performer.clock.now() - UNSETTLED_AFTER
    async with performer.database.read() as connection:
        payments = await unsettled_payments(connection, cutoff, LARGEST_BATCH)
    for payment in payments:
        try:
            await take_over(performer, services, payment, Cause("schedule", "payments.reconcile"))
        except Refusal as refusal:
            log.warning("payment_not_reconciled", payment_id=payment["id"], code=refusal.code)
    return len(payments)


@periodic("payments.reconcile", every_seconds=300, timeout_seconds=240)
async def reconcile(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Missed webhooks of every gateway, and payments in doubt."""
    for name in context.services.names(PaymentGateway):
        await read_missed_events(context.performer, context.services, name)
    await ask_about_unsettled(context.performer, context.services)


@periodic("webhooks.inbox", every_seconds=5)
async def work_off_inbox(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Events that could not be worked off when they came."""
    await Inbox(context.performer, context.services).work_off_due()


async def _read_until(performer: Performer, gateway: str, now: datetime) -> datetime:
    async with performer.database.read() as connection:
        until = await connection.fetchval(
            "SELECT read_until FROM platform.gateway_events_read WHERE gateway = $1", gateway
        )
    return now - FIRST_LOOK if until is None else until - OVERLAP


async def _unseen(performer: Performer, gateway: str, event_ids: list[str]) -> set[str]:
    async with performer.database.read() as connection:
        rows = await connection.fetch(
            "SELECT event_id FROM platform.webhook_inbox WHERE provider = $1 AND event_id = ANY ($2::text[])",
            gateway,
            event_ids,
        )
    return set(event_ids) - {row["event_id"] for row in rows}


async def _note(performer: Performer, gateway: str, until: datetime) -> None:
    async with performer.database.connection() as connection:
        await connection.execute(
            "INSERT INTO platform.gateway_events_read AS r (gateway, read_until) VALUES ($1, $2) "
            "ON CONFLICT (gateway) DO UPDATE SET read_until = greatest(r.read_until, excluded.read_until)",
            gateway,
            until,
        )
