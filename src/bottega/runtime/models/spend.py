"""What models have cost and how they did, read from the records."""

from datetime import datetime
from typing import Any

from bottega.platform.database.pool import Connection


async def spend_rows(connection: Connection, *, since: datetime) -> list[dict[str, Any]]:
    """Per role and route: calls, tokens, money, failures, and the median of seconds; the dearest first.

    Failed attempts count for the call's role and for the route that answered in the end (`nobody` when none did).
    """
    rows = await connection.fetch(
        """
        SELECT role, coalesce(route, 'nobody') AS route, currency, count(*) AS calls,
               count(*) FILTER (WHERE outcome <> 'answered') AS unanswered,
               count(*) FILTER (WHERE cache_hit IS NOT NULL) AS from_cache,
               sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens,
               sum(cost_micros)::bigint AS cost_micros,
               sum(cost_micros) FILTER (WHERE cost_is_estimate)::bigint AS estimated_micros,
               round(percentile_cont(0.5) WITHIN GROUP (ORDER BY milliseconds))::integer AS median_milliseconds
        FROM runtime.model_calls WHERE began_at >= $1
        GROUP BY role, route, currency ORDER BY cost_micros DESC, calls DESC, role, route LIMIT 200
        """,
        since,
    )
    return [dict(row) for row in rows]


async def attempt_rows(connection: Connection, *, since: datetime) -> list[dict[str, Any]]:
    """Per route, how its attempts ended and what they cost: what was passed over and why, what failed and how."""
    rows = await connection.fetch(
        """
        SELECT attempt->>'route' AS route, attempt->>'outcome' AS outcome,
               split_part(attempt->>'reason', ' ', 1) AS reason, count(*) AS times,
               sum((attempt->>'cost_micros')::bigint)::bigint AS cost_micros
        FROM runtime.model_calls, jsonb_array_elements(attempts) AS attempt
        WHERE began_at >= $1 GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC, 2, 3 LIMIT 500
        """,
        since,
    )
    return [dict(row) for row in rows]
