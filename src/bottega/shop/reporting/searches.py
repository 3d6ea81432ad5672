"""The figures of searches: what was looked for, what was not found, what was opened and where it stood."""

from typing import Any

from bottega.platform.database.pool import Connection
from bottega.shop.reporting.model import Period

LARGEST_SEARCH_ROWS = 1_000


async def searches(connection: Connection, period: Period) -> list[dict[str, Any]]:
    """Words by how often they were searched, with what came of it; mean position counts from 1 over all clicks."""
    return await _report(connection, period, having="true", order="searches DESC, words")


async def searches_without_results(connection: Connection, period: Period) -> list[dict[str, Any]]:
    """Words for which nothing was found, the most frequent first."""
    return await _report(
        connection, period, having="sum(s.without_results) > 0", order="without_results DESC, searches DESC, words"
    )


async def _report(connection: Connection, period: Period, *, having: str, order: str) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        _SEARCHES.format(having=having, order=order), period.first, period.end, LARGEST_SEARCH_ROWS
    )
    return [dict(row) for row in rows]


_SEARCHES = """
WITH clicked AS (
    SELECT words, sum(clicks)::bigint AS clicks, sum(positions)::bigint AS positions
    FROM platform.search_clicks WHERE day >= $1 AND day < $2 GROUP BY 1),
searched AS (
    SELECT s.words, sum(s.searches)::bigint AS searches, sum(s.without_results)::bigint AS without_results,
           sum(s.relaxed)::bigint AS relaxed
    FROM platform.searches s WHERE s.day >= $1 AND s.day < $2 GROUP BY 1 HAVING {having})
SELECT s.words, s.searches, s.without_results, s.relaxed, coalesce(c.clicks, 0) AS clicks,
       round(100.0 * coalesce(c.clicks, 0) / s.searches, 1)::float AS click_through_percent,
       round(c.positions::numeric / c.clicks, 2)::float AS mean_position
FROM searched s LEFT JOIN clicked c USING (words) ORDER BY {order} LIMIT $3"""
