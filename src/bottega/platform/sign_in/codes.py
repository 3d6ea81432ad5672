"""One-time codes by mail: derived when they are sent, stored as a digest, tried a few times, used once."""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Literal

from bottega.platform.database.pool import Connection

Purpose = Literal["password_reset", "sign_in", "staff_invitation"]

DIGITS = 8
MOST_ATTEMPTS = 5
LIFETIME: dict[Purpose, timedelta] = {
    "sign_in": timedelta(minutes=10),
    "password_reset": timedelta(minutes=30),
    "staff_invitation": timedelta(days=3),
}


def code_of(secret: bytes, code_id: str) -> str:
    """The code itself: the same for every attempt to send it, and computable with the shop's secret alone."""
    number = int.from_bytes(hmac.digest(secret, f"one-time code {code_id}".encode(), "sha256")[:16], "big")
    return f"{number % 10**DIGITS:0{DIGITS}d}"


async def store_code(
    connection: Connection, secret: bytes, code_id: str, purpose: Purpose, subject_id: str, now: datetime
) -> str:
    """Makes the code valid and every earlier one of the same purpose void; returns it for the mail."""
    code = code_of(secret, code_id)
    await connection.execute(
        "WITH older AS (UPDATE platform.one_time_codes SET used_at = $6 "
        "    WHERE subject_id = $4 AND purpose = $2 AND used_at IS NULL AND id < $1) "
        "INSERT INTO platform.one_time_codes (id, purpose, digest, subject_id, expires_at, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        code_id,
        purpose,
        _digest(secret, purpose, subject_id, code),
        subject_id,
        now + LIFETIME[purpose],
        now,
    )
    return code


async def use_code(
    connection: Connection, secret: bytes, purposes: tuple[Purpose, ...], subject_id: str, code: str, now: datetime
) -> bool:
    """Whether this is the newest code of one of the purposes; it works once, and a wrong guess uses up an attempt."""
    row = await connection.fetchrow(
        "UPDATE platform.one_time_codes SET attempts = attempts + 1 WHERE id = (SELECT id FROM platform.one_time_codes "
        "    WHERE subject_id = $1 AND purpose = ANY ($2::text[]) ORDER BY id DESC LIMIT 1) "
        "AND used_at IS NULL AND expires_at > $3 AND attempts < $4 RETURNING id, purpose, digest",
        subject_id,
        list(purposes),
        now,
        MOST_ATTEMPTS,
    )
    if row is None or not hmac.compare_digest(row["digest"], _digest(secret, row["purpose"], subject_id, code)):
        return False
    used = await connection.fetchval(
        "UPDATE platform.one_time_codes SET used_at = $2 WHERE id = $1 AND used_at IS NULL RETURNING id", row["id"], now
    )
    return used is not None


async def void_codes(connection: Connection, subject_id: str) -> None:
    """Deletes every code of somebody."""
    await connection.execute("DELETE FROM platform.one_time_codes WHERE subject_id = $1", subject_id)


def _digest(secret: bytes, purpose: str, subject_id: str, code: str) -> bytes:
    return hmac.new(secret, f"{purpose}\0{subject_id}\0{code}".encode(), hashlib.sha256).digest()
