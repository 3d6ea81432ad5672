"""Stored password hashes, and the lock that grows with repeated failures to sign in."""

from datetime import datetime, timedelta

from bottega.kernel.errors import Unavailable
from bottega.platform.database.pool import Connection

FREE_FAILURES = 5
FIRST_LOCK_SECONDS = 30
LONGEST_LOCK_SECONDS = 900
FORGIVEN_AFTER = timedelta(hours=24)


class SignInLocked(Unavailable):
    """Too many failures for one address, whether it belongs to somebody or not."""


async def store_password(connection: Connection, subject_id: str, password_hash: str, now: datetime) -> None:
    """Sets somebody's password hash."""
    await connection.execute(
        "INSERT INTO platform.credentials (subject_id, password_hash, changed_at) VALUES ($1, $2, $3) "
        "ON CONFLICT (subject_id) DO UPDATE SET password_hash = $2, changed_at = $3",
        subject_id,
        password_hash,
        now,
    )


async def password_hash_of(connection: Connection, subject_id: str) -> str | None:
    """Somebody's password hash, or None when they never set a password."""
    return await connection.fetchval("SELECT password_hash FROM platform.credentials WHERE subject_id = $1", subject_id)


async def begin_attempt(connection: Connection, digest: bytes, now: datetime) -> None:
    """Counts an attempt as failed before it is tried, so that parallel guesses count; raises `SignInLocked`."""
    row = await connection.fetchrow(
        _BEGIN_ATTEMPT, digest, now, FORGIVEN_AFTER, FREE_FAILURES, FIRST_LOCK_SECONDS, LONGEST_LOCK_SECONDS
    )
    if row is not None:
        return
    locked_until = await connection.fetchval(
        "SELECT locked_until FROM platform.sign_in_failures WHERE digest = $1", digest
    )
    seconds = 1.0 if locked_until is None else max(1.0, (locked_until - now).total_seconds())
    raise SignInLocked(
        "too_many_attempts",
        "Signing in with this address failed too often.",
        next_step="Wait, or ask for a one-time code or a new password by mail.",
        retry_after_seconds=seconds,
    )


async def end_attempts(connection: Connection, digest: bytes) -> None:
    """Forgets the failures of an address, after a success."""
    await connection.execute("DELETE FROM platform.sign_in_failures WHERE digest = $1", digest)


_BEGIN_ATTEMPT = """
INSERT INTO platform.sign_in_failures AS f (digest, failures, failed_at) VALUES ($1, 1, $2)
ON CONFLICT (digest) DO UPDATE SET
    failures = CASE WHEN f.failed_at < $2 - $3::interval THEN 1 ELSE f.failures + 1 END,
    failed_at = $2,
    locked_until = CASE WHEN f.failed_at >= $2 - $3::interval AND f.failures + 1 >= $4::int
        THEN $2 + make_interval(secs => least($5::int * 2.0 ^ least(f.failures + 1 - $4::int, 20), $6::int)) END
WHERE f.locked_until IS NULL OR f.locked_until <= $2
RETURNING failures"""
