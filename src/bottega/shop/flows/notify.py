"""Mail to customers about their orders: written at the moment of sending, when names and addresses are revealed."""

from typing import Any

import orjson

from bottega.actions.effects import Answer, Cancelled, Effect, Sending, register_sender
from bottega.platform.database.pool import Connection
from bottega.ports.mailer import Mail, Mailer, MailRefused
from bottega.shop import shop_settings
from bottega.shop.flows.mail_texts import WRITERS, OrderFigures

_ORDER = """
SELECT o.number, o.currency, o.total_minor, o.cancel_reason, c.forgotten_at,
       vault.reveal(coalesce(o.email_ref, c.email_ref)) AS email,
       vault.reveal(o.shipping_address_ref) AS address,
       (SELECT array_agg(l.quantity || ' × ' || l.title || ' (' || l.sku || ')' ORDER BY l.position, l.id)
        FROM shop.order_lines l WHERE l.order_id = o.id AND l.quantity > l.cancelled) AS lines,
       (SELECT array_agg(concat_ws(' ', nullif(s.carrier, ''), nullif(s.tracking_number, '')))
        FROM shop.shipments s WHERE s.id = $2 AND s.carrier || s.tracking_number <> '') AS tracking,
       (SELECT r.number FROM shop.returns r WHERE r.id = $3) AS return_number
FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id
WHERE o.id = $1"""


async def _send(effect: Effect, sending: Sending) -> Answer:
    payload = effect.payload
    async with sending.performer.database.read() as connection:
        settings = await shop_settings.current(connection)
        order = await _order(connection, payload)
    letter = WRITERS[effect.kind](
        OrderFigures(
            shop_name=settings.shop_name,
            contact=settings.contact_email,
            name=None if order["address"] is None else orjson.loads(order["address"])["name"],
            number=order["number"],
            currency=order["currency"],
            total_minor=order["total_minor"],
            lines=order["lines"] or (),
            amount_minor=payload.get("amount_minor"),
            tracking=order["tracking"] or (),
            reason=order["cancel_reason"],
            return_number=order["return_number"] or "",
            return_state=payload.get("state", ""),
        )
    )
    mail = Mail(
        to=order["email"],
        subject=_one_line(letter.subject),
        text=letter.text,
        message_id=f"{effect.id}@{settings.contact_email.rpartition('@')[2]}",
        idempotency_key=effect.key,
    )
    mailer = sending.services.get(Mailer)  # pyright: ignore[reportAbstractUsage] - the port is the key
    try:
        await mailer.send(mail)
    except MailRefused as refusal:
        return Answer("refused", {"code": refusal.code})
    return Answer("confirmed", {"message_id": mail.message_id})


async def _look_up(_effect: Effect, _sending: Sending) -> None:
    """Nobody can say whether a mail arrived; sent again it carries the same Message-ID."""


async def _order(connection: Connection, payload: Any) -> Any:
    row = await connection.fetchrow(_ORDER, payload["order_id"], payload.get("shipment_id"), payload.get("return_id"))
    if row is None:
        raise Cancelled("The order is gone.")
    if row["forgotten_at"] is not None or row["email"] is None:
        raise Cancelled("The customer was forgotten or left no address.")
    return row


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]


for _kind in WRITERS:
    register_sender(_kind, send=_send, look_up=_look_up)
