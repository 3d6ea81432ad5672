"""Reads of payments and refunds."""

from datetime import datetime
from typing import Any

from bottega.actions.actor import Actor
from bottega.platform.database.pool import Connection, Row
from bottega.shop.payments.errors import no_such_payment
from bottega.shop.payments.model import Payment, Refund

_PAYMENT_COLUMNS = ", ".join(f"p.{name}" for name in Payment.model_fields)
_REFUND_COLUMNS = ", ".join(f"r.{name}" for name in Refund.model_fields)


def owner_of(actor: Actor) -> str | None:
    """What `customer_id` has to be for the actor to see a row; None means any."""
    return None if actor.kind in ("staff", "system") else actor.customer_id or ""


async def list_payments(connection: Connection, actor: Actor, order_id: str) -> list[Payment]:
    """The payments of an order, oldest first; customers see their own only."""
    rows = await connection.fetch(
        f"SELECT {_PAYMENT_COLUMNS} FROM shop.payments p "
        "WHERE p.order_id = $1 AND ($2::text IS NULL OR p.customer_id = $2) ORDER BY p.id LIMIT 200",
        order_id,
        owner_of(actor),
    )
    return [Payment(**dict(row)) for row in rows]


async def get_payment(connection: Connection, actor: Actor, order_id: str, payment_id: str) -> Payment:
    """One payment of an order; raises `no_such_payment`."""
    row = await connection.fetchrow(
        f"SELECT {_PAYMENT_COLUMNS} FROM shop.payments p "
        "WHERE p.id = $1 AND p.order_id = $2 AND ($3::text IS NULL OR p.customer_id = $3)",
        payment_id,
        order_id,
        owner_of(actor),
    )
    if row is None:
        raise no_such_payment(payment_id)
    return Payment(**dict(row))


async def list_refunds(connection: Connection, actor: Actor, order_id: str) -> list[Refund]:
    """The refunds of an order, oldest first; customers see their own only."""
    rows = await connection.fetch(
        f"SELECT {_REFUND_COLUMNS} FROM shop.refunds r JOIN shop.payments p ON p.id = r.payment_id "
        "WHERE r.order_id = $1 AND ($2::text IS NULL OR p.customer_id = $2) ORDER BY r.id LIMIT 500",
        order_id,
        owner_of(actor),
    )
    return [Refund(**dict(row)) for row in rows]


async def payment_at_gateway(
    connection: Connection, gateway: str, *, payment_id: str | None = None, reference: str | None = None
) -> Row | None:
    """The row behind our id or behind the gateway's reference: id, order, gateway, reference, status, created_at."""
    return await connection.fetchrow(
        "SELECT id, order_id, gateway, gateway_reference, status, created_at FROM shop.payments "
        "WHERE gateway = $1 AND (id = $2 OR gateway_reference = $3) ORDER BY id LIMIT 1",
        gateway,
        payment_id,
        reference,
    )


async def unsettled_payments(connection: Connection, updated_before: datetime, limit: int) -> list[dict[str, Any]]:
    """Payments at a gateway that wait for its word since before an instant, oldest first."""
    rows = await connection.fetch(
        "SELECT id, order_id, gateway, gateway_reference, status, created_at FROM shop.payments "
        "WHERE status IN ('requires_action', 'processing') "
        "AND gateway NOT IN ('bank_transfer', 'gift_card', 'imported') "
        "AND updated_at < $1 ORDER BY updated_at LIMIT $2",
        updated_before,
        limit,
    )
    return [dict(row) for row in rows]
