"""Who works here, and when they were last signed in."""

from collections.abc import Mapping
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.web.console.work_list import Asked

STATES: Mapping[str, str] = {"": "s.active", "left": "NOT s.active", "all": "true"}


async def listed(connection: Connection, asked: Asked) -> list[dict[str, Any]]:
    """Colleagues, those with most authority first."""
    rows = await connection.fetch(
        f"{_LIST.format(state=STATES[asked.chosen['state']])} LIMIT $1 OFFSET $2", asked.limit, asked.offset
    )
    return [dict(row) for row in rows]


_LIST = """
SELECT s.id, vault.reveal(s.name_ref) AS name, vault.reveal(s.email_ref) AS email, s.role, s.active, s.created_at,
       (SELECT max(x.created_at) FROM platform.sessions x WHERE x.subject_id = s.id) AS last_session_at,
       EXISTS (SELECT FROM platform.credentials c WHERE c.subject_id = s.id) AS has_password
FROM shop.staff s WHERE {state}
ORDER BY array_position(ARRAY['owner', 'manager', 'support', 'warehouse', 'analyst'], s.role), s.id"""
