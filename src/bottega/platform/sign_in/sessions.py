"""Sessions: rows that a random token stands for; the token itself is never stored."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Connection, Row

Audience = Literal["customer", "staff"]

LIFETIME: dict[Audience, timedelta] = {"customer": timedelta(days=30), "staff": timedelta(hours=12)}
MOST_SESSIONS = 20
KEPT_AFTER_END = timedelta(days=7)


async def open_session(
    connection: Connection, token_digest: bytes, audience: Audience, subject_id: str, now: datetime
) -> datetime:
    """Starts a session for the token with that digest; returns when it ends. The oldest beyond 20 end now."""
    ends_at = now + LIFETIME[audience]
    await connection.execute(
        "INSERT INTO platform.sessions (id, token_digest, subject_kind, subject_id, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        new_id("ses"),
        token_digest,
        audience,
        subject_id,
        now,
        ends_at,
    )
    await connection.execute(
        "UPDATE platform.sessions SET revoked_at = $2 WHERE revoked_at IS NULL AND id IN (SELECT id "
        "FROM platform.sessions WHERE subject_id = $1 AND revoked_at IS NULL AND expires_at > $2 "
        "ORDER BY created_at DESC, id DESC OFFSET $3)",
        subject_id,
        now,
        MOST_SESSIONS,
    )
    return ends_at


async def close_session(connection: Connection, token_digest: bytes, now: datetime) -> None:
    """Ends the session of a token; one that has ended stays as it is."""
    await connection.execute(
        "UPDATE platform.sessions SET revoked_at = $2 WHERE token_digest = $1 AND revoked_at IS NULL", token_digest, now
    )


async def close_sessions(connection: Connection, subject_id: str, now: datetime) -> int:
    """Ends every session of somebody; how many were open."""
    rows = await connection.fetch(
        "UPDATE platform.sessions SET revoked_at = $2 WHERE subject_id = $1 AND revoked_at IS NULL RETURNING id",
        subject_id,
        now,
    )
    return len(rows)


async def list_sessions(connection: Connection, subject_id: str, now: datetime) -> Sequence[Row]:
    """Somebody's open sessions, newest first."""
    return await connection.fetch(
        "SELECT id, created_at, expires_at FROM platform.sessions "
        "WHERE subject_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY created_at DESC, id DESC",
        subject_id,
        now,
    )


async def sweep(connection: Connection, now: datetime) -> int:
    """Deletes what ended more than a week ago: sessions, codes, and failures of the day before yesterday."""
    before = now - KEPT_AFTER_END
    rows = await connection.fetch(
        "WITH sessions AS (DELETE FROM platform.sessions WHERE expires_at < $1 OR revoked_at < $1 RETURNING 1), "
        "codes AS (DELETE FROM platform.one_time_codes WHERE expires_at < $1 RETURNING 1), "
        "failures AS (DELETE FROM platform.sign_in_failures WHERE failed_at < $2 RETURNING 1) "
        "SELECT 1 FROM sessions UNION ALL SELECT 1 FROM codes UNION ALL SELECT 1 FROM failures",
        before,
        now - timedelta(days=2),
    )
    return len(rows)
