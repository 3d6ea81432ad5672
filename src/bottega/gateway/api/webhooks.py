"""Webhooks that payment gateways send: checked, kept once, worked off at once as far as possible."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.caller import Context, Staff
from bottega.gateway.problems import responses
from bottega.kernel.errors import Forbidden, NotFound
from bottega.ports.payment_gateway import PaymentGateway
from bottega.shop.flows.payment_reports import gateway_named
from bottega.shop.flows.webhook_inbox import Inbox, InboxEvent, InboxState, get_inbox_event, list_inbox, requeue_event

router = APIRouter(tags=["webhooks"])

ProviderPath = Annotated[str, Path(pattern="^[a-z_]{1,20}$")]
EventPath = Annotated[str, Path(min_length=1, max_length=200)]
# A gateway that waits longer takes the delivery for failed; what is not done by then is done later.
INLINE_SECONDS = 5.0
REQUEUEING_ROLES = ("owner", "manager", "support")


class WebhookReceived(BaseModel):
    """The event is kept; `state` says whether it was worked off already."""

    state: InboxState


@router.post("/webhooks/{provider}", responses={200: {"model": WebhookReceived}, **responses(404)})
async def receive(request: Request, context: Context, provider: ProviderPath) -> Response:
    """An event of a payment gateway, proven by its signature."""
    if provider not in context.services.names(PaymentGateway):
        raise NotFound("no_such_provider", f"No payment gateway is named '{provider}'.", next_step="Check the address.")
    event = gateway_named(context.services, provider).parse_event(request.headers, await request.body())
    inbox = Inbox(context.performer, context.services)
    state = await inbox.receive(event)
    if state == "received":
        try:
            async with asyncio.timeout(INLINE_SECONDS):
                state = await inbox.work_off(provider, event.event_id)
        except TimeoutError:
            state = "received"
    return answer({"state": state})


@router.get("/webhook-inbox", responses={200: {"model": Page[InboxEvent]}, **responses()})
async def list_all(
    caller: Staff,
    provider: Annotated[str | None, Query(pattern="^[a-z_]{1,20}$")] = None,
    state: Annotated[InboxState | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Received events; `state=dead` are those that a person has to look at."""
    name, _, event_id = decode_cursor(cursor).partition(" ")
    async with caller.context.database.read() as connection:
        rows = await list_inbox(connection, provider=provider, state=state, after=(name, event_id), limit=limit + 1)
    return answer(page(rows, limit, lambda event: f"{event.provider} {event.event_id}"))


@router.get("/webhook-inbox/{provider}/{event_id}", responses={200: {"model": InboxEvent}, **responses(404)})
async def show(caller: Staff, provider: ProviderPath, event_id: EventPath) -> Response:
    """One received event."""
    async with caller.context.database.read() as connection:
        return answer(await get_inbox_event(connection, provider, event_id))


@router.post(
    "/webhook-inbox/{provider}/{event_id}/requeue", responses={200: {"model": InboxEvent}, **responses(404, 409)}
)
async def requeue(caller: Staff, provider: ProviderPath, event_id: EventPath) -> Response:
    """Works a dead event off again."""
    context = caller.context
    if caller.actor.role not in REQUEUEING_ROLES:
        raise Forbidden("role_too_small", "Your role does not requeue events.", next_step="Ask a manager.")
    async with context.database.write() as connection:
        await requeue_event(connection, provider, event_id, context.clock.now())
    await Inbox(context.performer, context.services).work_off(provider, event_id)
    async with context.database.read() as connection:
        return answer(await get_inbox_event(connection, provider, event_id))
