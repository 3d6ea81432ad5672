"""What a customer is asked to say yes to: exactly these arguments, once, before it expires."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bottega.kernel import canonical_json
from bottega.kernel.errors import Conflict
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Connection, Database
from bottega.runtime.evidence import Json

ConfirmationState = Literal["pending", "used", "declined", "expired", "superseded", "refused"]
LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class ConfirmationRequest:
    """One stored request. `digest` binds action, arguments, session and customer; `token` is what the button carries
    and is known only where the request is made.

    `arguments` are the tool's resolved arguments; `summary` is made from records, never from a model's text.
    """

    id: str
    session_id: str
    run_id: str
    turn: int
    tool: str
    action: str
    arguments: Mapping[str, Json]
    digest: str
    token_digest: bytes
    summary: str
    expires_at: datetime
    state: ConfirmationState = "pending"
    token: str = ""

    def is_opened_by(self, digest: str) -> bool:
        """Whether a button with the token of this digest is this request's."""
        return hmac.compare_digest(self.token_digest.hex(), digest)


def digest_of(action: str, arguments: Mapping[str, Json], *, session_id: str, customer_id: str | None) -> str:
    """What a yes binds: SHA-256 over the action's name, all its arguments, the session and the customer."""
    return canonical_json.digest([action, arguments, session_id, customer_id])


def token_digest(token: str) -> str:
    """What is stored of a token, in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_request(
    *,
    session_id: str,
    run_id: str,
    turn: int,
    tool: str,
    action: str,
    arguments: Mapping[str, Json],
    digest: str,
    summary: str,
    now: datetime,
    lifetime: timedelta = LIFETIME,
) -> ConfirmationRequest:
    """A request with a token of its own, not stored yet."""
    token = secrets.token_urlsafe(24)
    return ConfirmationRequest(
        id=new_id("cfm", milliseconds=int(now.timestamp() * 1000)),
        session_id=session_id,
        run_id=run_id,
        turn=turn,
        tool=tool,
        action=action,
        arguments=arguments,
        digest=digest,
        token_digest=bytes.fromhex(token_digest(token)),
        summary=summary,
        expires_at=now + lifetime,
        token=token,
    )


class Confirmations:
    """The stored requests; at most one waits in each session."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(self, request: ConfirmationRequest, customer_id: str | None, now: datetime) -> None:
        """Stores a request in place of the one that waited."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE runtime.confirmations SET state = 'superseded', decided_at = $2 "
                "WHERE session_id = $1 AND state = 'pending'",
                request.session_id,
                now,
            )
            await connection.execute(
                _INSERT,
                request.id,
                request.session_id,
                request.run_id,
                request.turn,
                customer_id,
                request.tool,
                request.action,
                dict(request.arguments),
                request.digest,
                request.token_digest,
                request.summary,
                now,
                request.expires_at,
            )

    async def end(self, request_id: str, state: ConfirmationState, now: datetime) -> None:
        """Closes a request that waits without its action having happened."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE runtime.confirmations SET state = $2, decided_at = $3 WHERE id = $1 AND state = 'pending'",
                request_id,
                state,
                now,
            )

    async def expire_due(self, now: datetime) -> int:
        """Closes those whose time is over; how many."""
        async with self._database.connection() as connection:
            status = await connection.execute(
                "UPDATE runtime.confirmations SET state = 'expired', decided_at = $1 "
                "WHERE state = 'pending' AND expires_at <= $1",
                now,
            )
        return int(status.rpartition(" ")[2])


async def use(connection: Connection, request_id: str, digest: str, run_id: str, now: datetime) -> None:
    """Uses a yes up, in the transaction of the action that it permits; `Conflict` when it is used, expired or other."""
    status = await connection.execute(_USE, request_id, digest, run_id, now)
    if status != "UPDATE 1":
        raise Conflict(
            "confirmation_not_valid",
            "This was confirmed already, or too late, or is not what was confirmed.",
            next_step="Show what is to be done again and ask for a yes.",
        )


def request_of(row: Mapping[str, Any]) -> ConfirmationRequest:
    """The record of a row of runtime.confirmations, also of one that came as JSON."""
    digest, expires_at = row["token_digest"], row["expires_at"]
    return ConfirmationRequest(
        id=row["id"],
        session_id=row["session_id"],
        run_id=row["run_id"],
        turn=row["turn"],
        tool=row["tool"],
        action=row["action"],
        arguments=row["arguments"],
        digest=row["digest"],
        token_digest=bytes.fromhex(digest.removeprefix("\\x")) if isinstance(digest, str) else digest,
        summary=row["summary"],
        expires_at=datetime.fromisoformat(expires_at) if isinstance(expires_at, str) else expires_at,
        state=row["state"],
    )


_INSERT = """
INSERT INTO runtime.confirmations (
    id, session_id, run_id, turn, customer_id, tool, action, arguments, digest, token_digest, summary, created_at,
    expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"""

_USE = """
UPDATE runtime.confirmations SET state = 'used', used_by = $3, decided_at = $4
WHERE id = $1 AND digest = $2 AND state = 'pending' AND expires_at > $4"""
