"""The sealed log as a stream of entries and blocks, read from the database in one snapshot."""

from collections.abc import AsyncIterator
from typing import TypeAlias

from bottega.actions.log.canonical import Block, SealedEntry, Texts, time_text
from bottega.platform.database.pool import Connection, Row

Sealed: TypeAlias = SealedEntry | Block

PAGE_ENTRIES = 500
# A page is read in parts of this many changed rows, so that imports do not fill the memory.
PAGE_CHANGES = 20_000


async def sealed_log(connection: Connection) -> AsyncIterator[Sealed]:
    """Every entry in the order of positions, each block after its entries.

    The connection is in a repeatable-read transaction. An entry that is missing from log.entries comes as one without
    texts, so that a verifier can say so.
    """
    after = 0
    blocks = _Blocks(connection)
    while page := await _page(connection, after):
        for entry in page:
            for block in await blocks.ending_before(entry.position):
                yield block
            yield entry
        after = page[-1].position
    for block in await blocks.ending_before(None):
        yield block


async def sealed_counts(connection: Connection) -> tuple[int, Block | None]:
    """How many positions there are, and the newest block."""
    count = await connection.fetchval("SELECT count(*) FROM log.positions")
    row = await connection.fetchrow("SELECT * FROM log.blocks ORDER BY number DESC LIMIT 1")
    return count, None if row is None else _block(row)


class _Blocks:
    """The blocks in order, fetched a page at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pending: list[Block] = []
        self._last_number: int | None = None

    async def ending_before(self, position: int | None) -> list[Block]:
        """The blocks not yet given whose last position is below `position`, or all that are left."""
        ended: list[Block] = []
        while True:
            if not self._pending:
                rows = await self._connection.fetch(_BLOCKS, self._last_number, PAGE_ENTRIES)
                if not rows:
                    return ended
                self._pending = [_block(row) for row in rows]
                self._last_number = self._pending[-1].number
            if position is not None and self._pending[0].last_position >= position:
                return ended
            ended.append(self._pending.pop(0))


async def _page(connection: Connection, after: int) -> list[SealedEntry]:
    rows = await connection.fetch(_ENTRIES, after, PAGE_ENTRIES)
    total = 0
    for index, row in enumerate(rows):
        total += row["changed"]
        if total > PAGE_CHANGES and index:
            rows = rows[:index]
            break
    changes: dict[str, list[Texts]] = {row["entry_id"]: [] for row in rows}
    if total:
        for change in await connection.fetch(_CHANGES, list(changes)):
            changes[change["entry_id"]].append(tuple(change)[1:])
    return [_entry(row, tuple(changes[row["entry_id"]])) for row in rows]


def _entry(row: Row, changes: tuple[Texts, ...]) -> SealedEntry:
    texts = list(row)[4:]
    # Bytes that are no UTF-8 were not written by perform(); the replacement makes the hash differ.
    texts[3] = None if texts[3] is None else texts[3].decode("utf-8", "replace")
    return SealedEntry(row["position"], tuple(texts), changes, row["entry_hash"])


def _block(row: Row) -> Block:
    return Block(
        row["number"],
        row["first_position"],
        row["last_position"],
        row["previous_hash"],
        row["hash"],
        row["key_id"],
        row["signature"],
        time_text(row["sealed_at"]),
    )


# The columns after the first four are canonical.ENTRY_FIELDS in their order.
_ENTRIES = """
SELECT p.position, p.entry_id, p.entry_hash,
       (SELECT count(*) FROM log.changes c WHERE c.entry_id = p.entry_id) AS changed,
       e.id, e.sequence::text AS sequence, e.action, e.arguments, e.arguments_digest, e.request_digest, e.actor_kind,
       e.actor_id, e.actor_role, e.on_behalf_of, e.because, e.key_scope, e.idempotency_key,
       array_to_json(e.rule_ids)::text AS rule_ids, e.policy_version, e.approval_id, e.facts::text AS facts,
       e.resolved::text AS resolved, e.result::text AS result, log.time_text(e.recorded_at) AS recorded_at
FROM log.positions p LEFT JOIN log.entries e ON e.id = p.entry_id
WHERE p.position > $1 ORDER BY p.position LIMIT $2"""

_CHANGES = """
SELECT entry_id, table_name, row_key, operation, before::text, after::text
FROM log.changes WHERE entry_id = ANY($1::text[]) ORDER BY entry_id, id"""

_BLOCKS = """
SELECT * FROM log.blocks WHERE ($1::bigint IS NULL OR number > $1) ORDER BY number LIMIT $2"""
