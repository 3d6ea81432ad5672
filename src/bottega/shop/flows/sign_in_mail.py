"""The mails that carry one-time codes: each code is derived and its digest stored when its mail is sent."""

from typing import Any

from bottega.actions.effects import Answer, Cancelled, Effect, Sending, register_sender
from bottega.platform.sign_in.codes import LIFETIME, Purpose, store_code
from bottega.ports.mailer import Mail, Mailer
from bottega.shop import shop_settings

_TEXTS: dict[Purpose, tuple[str, str]] = {
    "sign_in": ("Your code for {shop}", "Your code to sign in at {shop} is {code}. It is valid for {time}."),
    "password_reset": (
        "A new password for {shop}",
        "With the code {code} you can choose a new password at {shop}. It is valid for {time}.",
    ),
    "staff_invitation": (
        "You work at {shop} now",
        "With the code {code} you choose your password for the staff pages of {shop}. It is valid for {time}.",
    ),
}
_IGNORE = "\n\nIf you did not ask for this, nothing happens when you ignore it. Give the code to nobody.\n"

_ADDRESS = """
SELECT vault.reveal(email_ref) FROM (
    SELECT email_ref FROM shop.customers WHERE id = $1 AND forgotten_at IS NULL
    UNION ALL SELECT email_ref FROM shop.staff WHERE id = $1 AND active) AS one"""


async def _send(effect: Effect, sending: Sending) -> Answer:
    performer = sending.performer
    purpose = _purpose(effect)
    subject_id = str(effect.payload["subject_id"])
    async with performer.database.connection() as connection:
        address: str | None = await connection.fetchval(_ADDRESS, subject_id)
        if address is None:
            raise Cancelled("The address is gone, or its owner may not sign in.")
        shop = (await shop_settings.current(connection)).shop_name
        code = await store_code(connection, performer.lookup_key, effect.id, purpose, subject_id, performer.clock.now())
    subject, text = _TEXTS[purpose]
    filled: dict[str, Any] = {"shop": shop, "code": code, "time": _duration(purpose)}
    mailer = sending.services.get(Mailer)  # pyright: ignore[reportAbstractUsage] - a port is looked up by its class
    await mailer.send(
        Mail(
            to=address,
            subject=subject.format(**filled),
            text=text.format(**filled) + _IGNORE,
            message_id=f"{effect.id}@bottega.invalid",
            idempotency_key=effect.key,
        )
    )
    return Answer("confirmed", {"purpose": purpose})


async def _look_up(_: Effect, __: Sending) -> Answer | None:
    """Mail cannot be looked up; sending it again carries the same code and the same Message-ID."""
    return None


def _purpose(effect: Effect) -> Purpose:
    purpose = effect.kind.removeprefix("mail.")
    for known in _TEXTS:
        if known == purpose:
            return known
    raise AssertionError(f"{effect.kind} carries no code")


def _duration(purpose: Purpose) -> str:
    minutes = int(LIFETIME[purpose].total_seconds()) // 60
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 1440} days"


for _kind in _TEXTS:
    register_sender(f"mail.{_kind}", send=_send, look_up=_look_up)
