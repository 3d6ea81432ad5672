"""Reads of staff and API keys; for staff only."""

from bottega.platform.database.pool import Connection
from bottega.shop.staff.errors import no_such_api_key, no_such_staff
from bottega.shop.staff.model import ApiKey, StaffMember

_STAFF = (
    "SELECT id, vault.reveal(email_ref) AS email, vault.reveal(name_ref) AS name, role, active, created_at "
    "FROM shop.staff"
)
_KEYS = (
    "SELECT id, name, role, scopes, created_by, created_at, expires_at, revoked_at, last_used_on::text AS last_used_on "
    "FROM platform.api_keys"
)


async def list_staff(connection: Connection, *, after: str = "", limit: int = 50) -> list[StaffMember]:
    """Members of staff, those who left included, in the order in which they came."""
    rows = await connection.fetch(f"{_STAFF} WHERE id > $1 ORDER BY id LIMIT $2", after, limit)
    return [StaffMember.model_validate(dict(row)) for row in rows]


async def get_staff(connection: Connection, staff_id: str) -> StaffMember:
    """One member of staff."""
    row = await connection.fetchrow(f"{_STAFF} WHERE id = $1", staff_id)
    if row is None:
        raise no_such_staff(staff_id)
    return StaffMember.model_validate(dict(row))


async def list_api_keys(connection: Connection, *, after: str = "", limit: int = 50) -> list[ApiKey]:
    """Keys, revoked ones included, oldest first."""
    rows = await connection.fetch(f"{_KEYS} WHERE id > $1 ORDER BY id LIMIT $2", after, limit)
    return [ApiKey.model_validate(dict(row)) for row in rows]


async def get_api_key(connection: Connection, key_id: str) -> ApiKey:
    """One key, without its token."""
    row = await connection.fetchrow(f"{_KEYS} WHERE id = $1", key_id)
    if row is None:
        raise no_such_api_key(key_id)
    return ApiKey.model_validate(dict(row))
