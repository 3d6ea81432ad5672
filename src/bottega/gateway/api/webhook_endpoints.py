"""Webhooks to merchants' systems: endpoints, what was delivered to them, and sending it again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.actions.action import Action
from bottega.actions.outcome import Done
from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Caller, Staff, outcome_answer, replayed
from bottega.gateway.problems import responses
from bottega.kernel.errors import Forbidden
from bottega.kernel.identifiers import WebhookDeliveryId, WebhookEndpointId
from bottega.platform.database.pool import Connection
from bottega.platform.outgoing_http import OutgoingHttp
from bottega.shop.webhooks.actions import (
    ChangeWebhookEndpoint,
    CreateWebhookEndpoint,
    RemoveWebhookEndpoint,
    ReplaceWebhookSecret,
    ReplayWebhookDelivery,
    Topics,
    bind_secret,
)
from bottega.shop.webhooks.model import DeliveryState, EndpointUrl, WebhookDelivery, WebhookEndpoint
from bottega.shop.webhooks.queries import get_delivery, get_endpoint, list_deliveries, list_endpoints
from bottega.shop.webhooks.signature import new_secret

router = APIRouter(tags=["webhooks"])

EndpointPath = Annotated[WebhookEndpointId, Path()]
DeliveryPath = Annotated[WebhookDeliveryId, Path()]
READERS = frozenset({"owner", "manager"})


class EndpointBody(RequestBody):
    """Where to call, when which actions happen."""

    url: EndpointUrl
    topics: Topics
    active: bool = True


class NewEndpointBody(RequestBody):
    """Where to call, when which actions happen."""

    url: EndpointUrl
    topics: Topics


class EndpointChanged(BaseModel):
    """The endpoint that was changed or removed."""

    endpoint_id: str


class SecretMade(BaseModel):
    """The signing secret is shown this once, and is null when the request was repeated."""

    endpoint_id: str
    secret: str | None = Field(examples=["whsec_Zm9yIGV4YW1wbGU"])


class Replayed(BaseModel):
    """The delivery that is on its way again."""

    delivery_id: str
    endpoint_id: str


@router.get("/webhook-endpoints", responses={200: {"model": list[WebhookEndpoint]}, **responses()})
async def endpoints(caller: Staff) -> Response:
    """Every endpoint, with how many deliveries wait or were given up."""
    _check_reader(caller)
    async with caller.context.database.read() as connection:
        return answer(await list_endpoints(connection))


@router.post("/webhook-endpoints", status_code=201, responses={201: {"model": SecretMade}, **responses(409)})
async def create_endpoint(caller: Staff, body: NewEndpointBody) -> Response:
    """Makes an endpoint and shows its signing secret once."""
    caller.context.services.get(OutgoingHttp).check(body.url)
    return await _with_secret(caller, CreateWebhookEndpoint(url=body.url, topics=body.topics), 201)


@router.get("/webhook-endpoints/{endpoint_id}", responses={200: {"model": WebhookEndpoint}, **responses(404)})
async def show_endpoint(caller: Staff, endpoint_id: EndpointPath) -> Response:
    """One endpoint."""
    _check_reader(caller)
    async with caller.context.database.read() as connection:
        return answer(await get_endpoint(connection, endpoint_id))


@router.put("/webhook-endpoints/{endpoint_id}", responses={200: {"model": EndpointChanged}, **responses(404)})
async def change_endpoint(caller: Staff, endpoint_id: EndpointPath, body: EndpointBody) -> Response:
    """Another address, other topics, or a pause; nothing of what happens in a pause is delivered later."""
    caller.context.services.get(OutgoingHttp).check(body.url)
    return await caller.answer(
        ChangeWebhookEndpoint(endpoint_id=endpoint_id, url=body.url, topics=body.topics, active=body.active)
    )


@router.delete("/webhook-endpoints/{endpoint_id}", responses={200: {"model": EndpointChanged}, **responses(404)})
async def remove_endpoint(caller: Staff, endpoint_id: EndpointPath) -> Response:
    """Calls it no more; its deliveries go with it."""
    return await caller.answer(RemoveWebhookEndpoint(endpoint_id=endpoint_id))


@router.put("/webhook-endpoints/{endpoint_id}/secret", responses={200: {"model": SecretMade}, **responses(404)})
async def replace_secret(caller: Staff, endpoint_id: EndpointPath) -> Response:
    """A new signing secret from now on, shown once."""
    return await _with_secret(caller, ReplaceWebhookSecret(endpoint_id=endpoint_id), 200)


@router.get("/webhook-deliveries", responses={200: {"model": Page[WebhookDelivery]}, **responses()})
async def deliveries(
    caller: Staff,
    endpoint_id: Annotated[WebhookEndpointId | None, Query()] = None,
    state: Annotated[DeliveryState | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Deliveries, newest first; `state=dead` are those given up."""
    _check_reader(caller)
    async with caller.context.database.read() as connection:
        rows = await list_deliveries(
            connection,
            endpoint_id=endpoint_id,
            state=state,
            before=decode_cursor(cursor) or None,
            limit=limit + 1,
        )
    return answer(page(rows, limit, lambda delivery: delivery.id))


@router.get("/webhook-deliveries/{delivery_id}", responses={200: {"model": WebhookDelivery}, **responses(404)})
async def show_delivery(caller: Staff, delivery_id: DeliveryPath) -> Response:
    """One delivery with what is sent."""
    _check_reader(caller)
    async with caller.context.database.read() as connection:
        return answer(await get_delivery(connection, delivery_id))


@router.post("/webhook-deliveries/{delivery_id}/replay", responses={200: {"model": Replayed}, **responses(404, 409)})
async def replay_delivery(caller: Staff, delivery_id: DeliveryPath) -> Response:
    """Sends it again, with all its attempts before it."""
    return await caller.answer(ReplayWebhookDelivery(delivery_id=delivery_id))


async def _with_secret(caller: Caller, action: Action, status: int) -> Response:
    secret = new_secret()

    async def bind(connection: Connection) -> None:
        await bind_secret(connection, secret)

    outcome = await caller.perform(action, alongside=bind)
    if not isinstance(outcome, Done):
        return outcome_answer(outcome, status)
    headers = {"Cache-Control": "no-store", **replayed(outcome)}
    return answer({**outcome.result, "secret": None if outcome.repeated else secret}, status, headers)


def _check_reader(caller: Caller) -> None:
    if caller.actor.role not in READERS:
        raise Forbidden(
            "owner_or_manager_only",  # an endpoint's address may carry a token of the other system
            "Webhooks are for the owner and managers.",
            next_step="Ask one of them.",
        )
