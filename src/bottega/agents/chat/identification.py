"""Who talks: a guest's conversation that becomes an account's, once, with a proof that ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bottega.actions.perform import Performer
from bottega.kernel.errors import Forbidden
from bottega.platform.database.pool import Connection, Row
from bottega.shop.flows.sign_in import take_over_cart

Proof = Literal["code", "session"]

# A code is shown in a chat by whoever sits there; a browser that is left open must not stay somebody's for months.
LIFETIME: dict[Proof, timedelta] = {"code": timedelta(hours=12), "session": timedelta(days=30)}


@dataclass(frozen=True, slots=True)
class Identification:
    """A conversation that has become a customer's."""

    session_id: str
    guest_id: str
    customer_id: str
    proof: Proof
    expires_at: datetime


async def identify(
    performer: Performer, session_id: str, guest_id: str, customer_id: str, proof: Proof
) -> Identification:
    """Makes the guest's conversation the customer's, with the guest's cart; doing it again changes nothing.

    Raises `Forbidden` when the conversation is another customer's already.
    """
    now = performer.clock.now()
    async with performer.database.write() as connection:
        holder = await connection.fetchval(_BECOME, session_id, customer_id, guest_id)
        if holder is None:
            raise one_customer()
        row = await connection.fetchrow(
            _IDENTIFIED, session_id, guest_id, customer_id, proof, now, now + LIFETIME[proof]
        )
    assert row is not None, "it was inserted or stood there"
    await take_over_cart(performer, guest_id, customer_id, session_id)
    return _identification(row)


async def find_identification(connection: Connection, session_id: str) -> Identification | None:
    """How the conversation's customer was proven, if it began as a guest's."""
    row = await connection.fetchrow("SELECT * FROM runtime.identifications WHERE session_id = $1", session_id)
    return None if row is None else _identification(row)


async def is_account(connection: Connection, customer_id: str | None) -> bool:
    """Whether somebody has an account; guests have none."""
    return await connection.fetchval(
        "SELECT EXISTS (SELECT FROM shop.customers WHERE id = $1 AND kind = 'account' AND NOT blocked)", customer_id
    )


def one_customer() -> Forbidden:
    return Forbidden(
        "one_customer_per_conversation",
        "This conversation is with another customer.",
        next_step="Begin a new conversation.",
    )


def _identification(row: Row) -> Identification:
    return Identification(row["session_id"], row["guest_id"], row["customer_id"], row["proof"], row["expires_at"])


_BECOME = """
UPDATE runtime.sessions SET customer_id = $2
WHERE id = $1 AND (customer_id IS NULL OR customer_id IN ($2, $3)) RETURNING customer_id"""

_IDENTIFIED = """
INSERT INTO runtime.identifications AS i (session_id, guest_id, customer_id, proof, proven_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (session_id) DO UPDATE SET
    proof = excluded.proof, proven_at = excluded.proven_at, expires_at = greatest(i.expires_at, excluded.expires_at)
RETURNING *"""
