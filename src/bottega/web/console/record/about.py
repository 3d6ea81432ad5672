"""What entries of the log are about, in a line of the list: the order, the product, the person whose rows changed."""

from collections.abc import Mapping, Sequence

from bottega.platform.database.pool import Connection
from bottega.web.console.who import names_of

# More of an import's rows would say nothing more.
ROWS_LOOKED_AT = 8
# What people call by a number says more than what belongs to it.
_NUMBERED = ("order ", "return ", "ticket ")


async def about(connection: Connection, entry_ids: Sequence[str]) -> Mapping[str, str]:
    """By entry; of which no row has a name is missing."""
    rows = await connection.fetch(_ROWS, list(entry_ids), ROWS_LOOKED_AT)
    names = await names_of(connection, [row["row_key"] for row in rows])
    found: dict[str, str] = {}
    for row in rows:
        name = names.get(row["row_key"])
        known = found.get(row["entry_id"])
        if name is not None and (known is None or (name.startswith(_NUMBERED) and not known.startswith(_NUMBERED))):
            found[row["entry_id"]] = name
    return found


_ROWS = """
SELECT listed.id AS entry_id, changed.row_key
FROM unnest($1::text[]) AS listed (id)
CROSS JOIN LATERAL (
    SELECT c.row_key, c.id FROM log.changes c WHERE c.entry_id = listed.id ORDER BY c.id LIMIT $2) AS changed
ORDER BY listed.id, changed.id"""
