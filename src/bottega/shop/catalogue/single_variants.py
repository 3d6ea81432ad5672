"""Whether most products have a single variant, by the planner's figures: then their rows tell what offers would."""

from bottega.platform.database.pool import Connection, database_of
from bottega.retrieval.short_memory import ShortMemory
from bottega.shop.catalogue.signs import ONE_VARIANT

# With fewer, the offers that are looked up all the same cost more than the rows save.
LEAST_SHARE = 0.8

_shares = ShortMemory[float](seconds=60.0, most=100)


async def are_most(connection: Connection) -> bool:
    """Of a catalogue that was never analysed nothing is known: false."""
    key = database_of(connection)
    share = _shares.recall(key)
    if share is None:
        share = _shares.keep(key, await connection.fetchval(_SHARE, ONE_VARIANT))
    return share >= LEAST_SHARE


_SHARE = """
SELECT coalesce(max(f.share), 0)::float8
FROM pg_stats s, unnest(s.most_common_elems::text::bigint[], s.most_common_elem_freqs) AS f (sign, share)
WHERE s.schemaname = 'search' AND s.tablename = 'products' AND s.attname = 'signs' AND f.sign = $1"""
