"""Reads of endpoints and deliveries; for those who run the shop."""

from bottega.platform.database.pool import Connection
from bottega.shop.webhooks.errors import no_such_delivery, no_such_endpoint
from bottega.shop.webhooks.model import DeliveryState, WebhookDelivery, WebhookEndpoint

_ENDPOINTS = """
SELECT e.id, e.url, e.topics, e.active, e.created_at,
       count(d.id) FILTER (WHERE d.state = 'waiting') AS waiting, count(d.id) FILTER (WHERE d.state = 'dead') AS dead
FROM platform.webhook_endpoints e
LEFT JOIN platform.webhook_deliveries d ON d.endpoint_id = e.id AND d.state IN ('waiting', 'dead')"""

_DELIVERIES = """
SELECT id, endpoint_id, position, topic, body, state, attempts, next_attempt_at, last_status, last_error, delivered_at,
       created_at
FROM platform.webhook_deliveries"""


async def list_endpoints(connection: Connection) -> list[WebhookEndpoint]:
    """Every endpoint, oldest first; a shop has few."""
    rows = await connection.fetch(f"{_ENDPOINTS} GROUP BY e.id ORDER BY e.id")
    return [WebhookEndpoint(**row) for row in rows]


async def get_endpoint(connection: Connection, endpoint_id: str) -> WebhookEndpoint:
    """One endpoint."""
    row = await connection.fetchrow(f"{_ENDPOINTS} WHERE e.id = $1 GROUP BY e.id", endpoint_id)
    if row is None:
        raise no_such_endpoint(endpoint_id)
    return WebhookEndpoint(**row)


async def list_deliveries(
    connection: Connection,
    *,
    endpoint_id: str | None = None,
    state: DeliveryState | None = None,
    before: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> list[WebhookDelivery]:
    """Deliveries, newest first; `before` is the last one seen, or `offset` how many are left out."""
    rows = await connection.fetch(
        f"{_DELIVERIES} WHERE ($1::text IS NULL OR endpoint_id = $1) AND ($2::text IS NULL OR state = $2) "
        "AND ($3::text IS NULL OR id < $3) ORDER BY id DESC LIMIT $4 OFFSET $5",
        endpoint_id,
        state,
        before,
        limit,
        offset,
    )
    return [WebhookDelivery(**row) for row in rows]


async def get_delivery(connection: Connection, delivery_id: str) -> WebhookDelivery:
    """One delivery with what is sent."""
    row = await connection.fetchrow(f"{_DELIVERIES} WHERE id = $1", delivery_id)
    if row is None:
        raise no_such_delivery(delivery_id)
    return WebhookDelivery(**row)
