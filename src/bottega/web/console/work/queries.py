"""How calls to the outside went lately, and the dead letters of every kind."""

from datetime import datetime, timedelta
from typing import Any

from bottega.platform.database.pool import Connection

LATELY = timedelta(days=1)
SHOWN = 100


async def outside_calls(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    """Per kind of effect: how many of the last day ended how, what waits, and when one was last confirmed."""
    return [dict(row) for row in await connection.fetch(_CALLS, now - LATELY)]


async def dead_effects(connection: Connection, limit: int, offset: int) -> list[dict[str, Any]]:
    """Calls to the outside that were given up, the newest first."""
    return [dict(row) for row in await connection.fetch(_DEAD_EFFECTS, limit, offset)]


_CALLS = """
SELECT kind, count(*) FILTER (WHERE state = 'confirmed') AS confirmed,
       count(*) FILTER (WHERE state = 'refused') AS refused,
       count(*) FILTER (WHERE state IN ('intended', 'sent', 'unknown')) AS waiting,
       count(*) FILTER (WHERE state = 'dead') AS dead,
       max(settled_at) FILTER (WHERE state = 'confirmed') AS last_confirmed_at,
       (array_agg(last_error ORDER BY created_at DESC) FILTER (WHERE last_error IS NOT NULL))[1] AS last_error
FROM log.effects WHERE created_at >= $1 OR state IN ('intended', 'sent', 'unknown', 'dead')
GROUP BY kind ORDER BY kind LIMIT 100"""

_DEAD_EFFECTS = "SELECT * FROM log.effects WHERE state = 'dead' ORDER BY id DESC LIMIT $1 OFFSET $2"
