"""API keys: made and revoked by the owner; the token itself never enters the log."""

import os
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, Field

from bottega.actions.action import Action
from bottega.actions.registry import handles, registered_handlers
from bottega.actions.work import Work
from bottega.kernel.identifiers import ApiKeyId
from bottega.platform.database.pool import Connection
from bottega.shop.staff.errors import expiry_in_the_past, no_such_api_key, unknown_scopes
from bottega.shop.staff.model import Scope, StaffRole

READ_SCOPE = "read"


class CreateApiKey(Action):
    """Makes a key that acts with a role, narrowed to the groups of actions its scopes name; `*` is all of them."""

    groups: ClassVar[tuple[str, ...]] = ("administration",)
    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: StaffRole
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=50)]
    expires_at: AwareDatetime | None = None


class RevokeApiKey(Action):
    """Ends a key at once."""

    groups: ClassVar[tuple[str, ...]] = ("administration",)
    key_id: ApiKeyId


@handles(CreateApiKey)
async def create_api_key(action: CreateApiKey, work: Work) -> dict[str, Any]:
    """The row, which no token opens until `bind_token` runs in the same transaction."""
    known = {READ_SCOPE, "*"}.union(*(handler.action.groups for handler in registered_handlers().values()))
    unknown = sorted(set(action.scopes) - known)
    if unknown:
        raise unknown_scopes(unknown, sorted(known - {"*"}))
    if action.expires_at is not None and action.expires_at <= work.now:
        raise expiry_in_the_past()
    key_id = work.new_id("key")
    await work.connection.execute(
        "INSERT INTO platform.api_keys (id, digest, name, role, scopes, created_by, created_at, expires_at, entry_id) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        key_id,
        os.urandom(32),
        action.name,
        action.role,
        list(action.scopes),
        work.actor.id,
        work.now,
        action.expires_at,
        work.entry_id,
    )
    return {"key_id": key_id, "role": action.role, "scopes": list(action.scopes)}


async def bind_token(connection: Connection, token_digest: bytes) -> None:
    """Lets the token of that digest open the key that this transaction's entry makes; for `alongside`."""
    await connection.execute(
        "UPDATE platform.api_keys SET digest = $1 WHERE entry_id = current_setting('bottega.entry')", token_digest
    )


@handles(RevokeApiKey)
async def revoke_api_key(action: RevokeApiKey, work: Work) -> dict[str, Any]:
    revoked_at: datetime | None = await work.connection.fetchval(
        "UPDATE platform.api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1 RETURNING revoked_at",
        action.key_id,
        work.now,
    )
    if revoked_at is None:
        raise no_such_api_key(action.key_id)
    return {"key_id": action.key_id, "revoked_at": revoked_at.isoformat()}
