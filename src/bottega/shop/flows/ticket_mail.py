"""The mail that brings a customer the answer to their ticket; the texts are revealed when it is sent."""

from bottega.actions.effects import Answer, Cancelled, Effect, Sending, register_sender
from bottega.ports.mailer import Mail, Mailer, MailRefused
from bottega.shop import shop_settings
from bottega.shop.support.actions import ANSWERED

_MESSAGE = """
SELECT t.number, vault.reveal(t.subject_ref) AS subject, vault.reveal(m.text_ref) AS text,
       vault.reveal(coalesce(c.email_ref, o.email_ref)) AS email, c.forgotten_at
FROM shop.ticket_messages m JOIN shop.tickets t ON t.id = m.ticket_id
JOIN shop.customers c ON c.id = t.customer_id LEFT JOIN shop.orders o ON o.id = t.order_id
WHERE m.id = $1"""


async def _send(effect: Effect, sending: Sending) -> Answer:
    async with sending.performer.database.read() as connection:
        settings = await shop_settings.current(connection)
        row = await connection.fetchrow(_MESSAGE, effect.payload["message_id"])
    if row is None or row["forgotten_at"] is not None or row["email"] is None or row["text"] is None:
        raise Cancelled("The customer was forgotten or left no address.")
    mail = Mail(
        to=row["email"],
        subject=f"{row['number']}: {' '.join((row['subject'] or '').split())}"[:200],
        text=f"{row['text']}\n\n{settings.shop_name}, about your question {row['number']}\n",
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


register_sender(ANSWERED, send=_send, look_up=_look_up)
