"""Verifying the log where it lives: the chain over every entry, and what only the database can show."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bottega.actions.log.canonical import Block, SealedEntry
from bottega.actions.log.chain import Chain, Finding, anchor_finding
from bottega.actions.log.signing import PublicKeys
from bottega.actions.log.stream import sealed_counts, sealed_log
from bottega.platform.database.pool import Connection, Database

MOST_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked. `unsealed` entries are committed but not yet in a block, so their text is not protected yet."""

    entries: int
    blocks: int
    unsealed: int
    head: Block | None
    anchored_position: int | None
    findings: tuple[Finding, ...]
    duration_seconds: float


async def verify_log(
    database: Database,
    public_keys: PublicKeys,
    *,
    anchor: Block | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verification:
    """Hashes every entry again, in one snapshot; stops the chain at its first finding and lists what queries find.

    Read `anchor` before calling: the log may grow meanwhile, but never shrink. `progress` is told how many
    entries of how many are checked.
    """
    began = time.monotonic()
    async with database.read_snapshot() as connection:
        total, head = await sealed_counts(connection)
        chain = Chain(public_keys)
        findings = await _walk(connection, chain, anchor, head, total, progress)
        for query, code, message in _CHECKS:
            for row in await connection.fetch(query, MOST_FINDINGS):
                findings.append(Finding(code, message.format(**row), row["position"], row["entry_id"]))
        unsealed = await connection.fetchval(_UNSEALED)
    return Verification(
        chain.position,
        chain.blocks,
        unsealed,
        head,
        None if anchor is None else anchor.last_position,
        tuple(findings),
        time.monotonic() - began,
    )


async def _walk(
    connection: Connection,
    chain: Chain,
    anchor: Block | None,
    head: Block | None,
    total: int,
    progress: Callable[[int, int], None] | None,
) -> list[Finding]:
    """The first finding of the chain, and that of the anchor."""
    at_anchor: Block | None = None
    finding: Finding | None = None
    async for record in sealed_log(connection):
        if isinstance(record, SealedEntry):
            finding = finding or chain.entry(record)
            if progress is not None:
                progress(record.position, total)
            continue
        if anchor is not None and record.number == anchor.number:
            at_anchor = record
        finding = finding or chain.block(record)
        if finding is not None and (anchor is None or at_anchor is not None):
            break
    finding = finding or chain.end()
    anchored = None if anchor is None else anchor_finding(anchor, head, at_anchor, chain.public_keys)
    return [found for found in (finding, anchored) if found is not None]


_UNSEALED = """
SELECT count(*) FROM log.entries WHERE sequence > (SELECT coalesce(max(sequence), 0) FROM log.positions)"""

_SLIPPED_IN = """
SELECT NULL::bigint AS position, e.id AS entry_id, e.sequence
FROM log.entries e LEFT JOIN log.positions p ON p.entry_id = e.id
WHERE p.entry_id IS NULL AND e.sequence <= (SELECT coalesce(max(sequence), 0) FROM log.positions)
ORDER BY e.sequence LIMIT $1"""

_MISNUMBERED = """
SELECT p.position, p.entry_id, p.sequence
FROM log.positions p JOIN log.entries e ON e.id = p.entry_id
WHERE p.sequence <> e.sequence ORDER BY p.position LIMIT $1"""

_ORPHAN_CHANGES = """
SELECT NULL::bigint AS position, c.entry_id, c.table_name, c.row_key
FROM log.changes c LEFT JOIN log.entries e ON e.id = c.entry_id
WHERE e.id IS NULL ORDER BY c.id LIMIT $1"""

# What the chain cannot show: rows that stand beside it.
_CHECKS = (
    (_SLIPPED_IN, "slipped_in", "the entry was slipped in later: its sequence {sequence} was sealed over without it"),
    (_MISNUMBERED, "misnumbered", "log.positions says sequence {sequence}, the entry says another"),
    (_ORPHAN_CHANGES, "orphan_change", "a change of {table_name} {row_key} belongs to an entry that does not exist"),
)
