"""The changes of webhook endpoints; signing secrets never enter the log."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from bottega.actions.action import Action
from bottega.actions.registry import handles, registered_handlers
from bottega.actions.work import Work
from bottega.kernel.identifiers import WebhookDeliveryId, WebhookEndpointId
from bottega.platform.database.pool import Connection
from bottega.platform.outgoing_http import check_form
from bottega.shop.webhooks.errors import (
    no_such_delivery,
    no_such_endpoint,
    still_waiting,
    too_many_endpoints,
    unknown_topics,
)
from bottega.shop.webhooks.model import EVERY_TOPIC, EndpointUrl, Topic
from bottega.shop.webhooks.signature import new_secret

DELIVER = "webhooks.deliver"
MOST_ENDPOINTS = 50
Topics = Annotated[tuple[Topic, ...], Field(min_length=1, max_length=100)]


class _AtUrl(Action):
    @field_validator("url", check_fields=False)
    @classmethod
    def _callable(cls, url: str) -> str:
        check_form(url)
        return url


class CreateWebhookEndpoint(_AtUrl):
    """Calls an address whenever one of the named actions happens, or any (`*`)."""

    groups: ClassVar[tuple[str, ...]] = ("webhooks",)
    url: EndpointUrl
    topics: Topics


class ChangeWebhookEndpoint(_AtUrl):
    """Another address or other topics; an inactive endpoint hears nothing of what happens meanwhile."""

    groups: ClassVar[tuple[str, ...]] = ("webhooks",)
    endpoint_id: WebhookEndpointId
    url: EndpointUrl
    topics: Topics
    active: bool


class ReplaceWebhookSecret(Action):
    """Signs deliveries with a new secret from now on."""

    groups: ClassVar[tuple[str, ...]] = ("webhooks",)
    endpoint_id: WebhookEndpointId


class RemoveWebhookEndpoint(Action):
    """Calls the address no more and drops what waits for it."""

    groups: ClassVar[tuple[str, ...]] = ("webhooks",)
    endpoint_id: WebhookEndpointId


class ReplayWebhookDelivery(Action):
    """Sends a delivery again, with all its attempts before it."""

    groups: ClassVar[tuple[str, ...]] = ("webhooks",)
    delivery_id: WebhookDeliveryId


@handles(CreateWebhookEndpoint)
async def create_endpoint(action: CreateWebhookEndpoint, work: Work) -> dict[str, Any]:
    """The row, with a secret that nobody knows until `bind_secret` runs in the same transaction."""
    _check_topics(action.topics)
    if await work.connection.fetchval("SELECT count(*) FROM platform.webhook_endpoints") >= MOST_ENDPOINTS:
        raise too_many_endpoints(MOST_ENDPOINTS)
    endpoint_id = work.new_id("whe")
    await work.connection.execute(
        "INSERT INTO platform.webhook_endpoints (id, url, secret, secret_entry_id, topics, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        endpoint_id,
        action.url,
        new_secret(),
        work.entry_id,
        list(action.topics),
        work.now,
    )
    return {"endpoint_id": endpoint_id}


async def bind_secret(connection: Connection, secret: str) -> None:
    """Makes a secret that the caller knows the one of this transaction's entry; for `alongside`."""
    await connection.execute(
        "UPDATE platform.webhook_endpoints SET secret = $1 WHERE secret_entry_id = current_setting('bottega.entry')",
        secret,
    )


@handles(ChangeWebhookEndpoint)
async def change_endpoint(action: ChangeWebhookEndpoint, work: Work) -> dict[str, Any]:
    _check_topics(action.topics)
    changed = await work.connection.fetchval(
        "UPDATE platform.webhook_endpoints SET url = $2, topics = $3, active = $4 WHERE id = $1 RETURNING id",
        action.endpoint_id,
        action.url,
        list(action.topics),
        action.active,
    )
    if changed is None:
        raise no_such_endpoint(action.endpoint_id)
    return {"endpoint_id": action.endpoint_id}


@handles(ReplaceWebhookSecret)
async def replace_secret(action: ReplaceWebhookSecret, work: Work) -> dict[str, Any]:
    """As in `create_endpoint`, the secret is bound alongside."""
    changed = await work.connection.fetchval(
        "UPDATE platform.webhook_endpoints SET secret = $2, secret_entry_id = $3 WHERE id = $1 RETURNING id",
        action.endpoint_id,
        new_secret(),
        work.entry_id,
    )
    if changed is None:
        raise no_such_endpoint(action.endpoint_id)
    return {"endpoint_id": action.endpoint_id}


@handles(RemoveWebhookEndpoint)
async def remove_endpoint(action: RemoveWebhookEndpoint, work: Work) -> dict[str, Any]:
    removed = await work.connection.fetchval(
        "DELETE FROM platform.webhook_endpoints WHERE id = $1 RETURNING id", action.endpoint_id
    )
    if removed is None:
        raise no_such_endpoint(action.endpoint_id)
    return {"endpoint_id": action.endpoint_id}


@handles(ReplayWebhookDelivery)
async def replay_delivery(action: ReplayWebhookDelivery, work: Work) -> dict[str, Any]:
    row = await work.connection.fetchrow(
        "SELECT endpoint_id, state FROM platform.webhook_deliveries WHERE id = $1 FOR UPDATE", action.delivery_id
    )
    if row is None:
        raise no_such_delivery(action.delivery_id)
    if row["state"] == "waiting":
        raise still_waiting(action.delivery_id)
    await work.connection.execute(
        "UPDATE platform.webhook_deliveries SET state = 'waiting', attempts = 0, next_attempt_at = $2, "
        "delivered_at = NULL WHERE id = $1",
        action.delivery_id,
        work.now,
    )
    endpoint_id: str = row["endpoint_id"]
    await work.enqueue(DELIVER, {"endpoint_id": endpoint_id}, key=endpoint_id)
    return {"delivery_id": action.delivery_id, "endpoint_id": endpoint_id}


def _check_topics(topics: tuple[str, ...]) -> None:
    unknown = sorted(set(topics) - {EVERY_TOPIC, *registered_handlers()})
    if unknown:
        raise unknown_topics(unknown)
