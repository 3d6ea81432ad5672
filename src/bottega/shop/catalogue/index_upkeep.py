"""The product index as a whole: written anew, kept whole, and how fresh it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database
from bottega.retrieval import upkeep
from bottega.retrieval.schema import ensure
from bottega.retrieval.upkeep import CorpusStanding, Findings
from bottega.shop.catalogue import constraint_index, vocabulary_store
from bottega.shop.catalogue.index import REFRESHED_AT_ONCE, analyse, refresh, wait_for_reader
from bottega.shop.catalogue.product_documents import PRODUCTS, READER

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """How fresh the index is: up to which entry of the log it has read, what waits, and what is wrong with it."""

    published: int
    position: int
    behind: int
    read_at: datetime | None
    last_error: str | None
    corpus: CorpusStanding

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing or being mended; what waits for its vector is found by keyword meanwhile."""
        corpus = self.corpus
        return not (corpus.lost or corpus.rewriting or self.last_error) and corpus.documents == self.published


async def rebuild(database: Database, at: datetime, progress: Progress) -> int:
    """Writes the whole read model anew while the shop goes on; returns the number of published products.

    What had to be written from nothing is searched again when all of it stands.
    """
    async with database.write() as connection:
        await wait_for_reader(connection)
        await ensure(connection, PRODUCTS)
        await constraint_index.ensure(connection)
        await upkeep.begin_rewrite(connection, PRODUCTS)
    async with database.read() as connection:
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM shop.products ORDER BY id")]
    for start in range(0, len(ids), REFRESHED_AT_ONCE):
        batch = set(ids[start : start + REFRESHED_AT_ONCE])
        async with database.write() as connection:
            await wait_for_reader(connection)
            await refresh(connection, batch, batch, at)
        progress(min(start + REFRESHED_AT_ONCE, len(ids)), len(ids))
    async with database.write() as connection:
        await wait_for_reader(connection)
        await _drop_unpublished(connection, at)
        await upkeep.end_rewrite(connection, PRODUCTS, at)
        await analyse(connection)
        await vocabulary_store.learn(connection, at)
        return await connection.fetchval("SELECT count(*) FROM shop.products WHERE status = 'published'")


async def look_after(database: Database, clock: Clock) -> Findings:
    """Finds what is missing in the index and makes it again; returns what that was."""
    async with database.write() as connection:
        await wait_for_reader(connection)
        findings = await upkeep.look(connection, PRODUCTS)
        await constraint_index.ensure(connection)
        if not findings.rewrite:
            await _mend_products(connection, clock.now(), findings)
        await upkeep.note(connection, PRODUCTS, clock.now(), findings)
    if findings.rewrite:
        await rebuild(database, clock.now(), lambda _done, _all: None)
    return findings


async def index_status(connection: Connection) -> IndexStatus:
    """How the index stands now."""
    reader = await connection.fetchrow(
        "SELECT position, coalesce((SELECT max(position) FROM log.positions), 0) - position AS behind, updated_at, "
        "last_error FROM log.readers WHERE name = $1",
        READER,
    )
    return IndexStatus(
        published=await connection.fetchval("SELECT count(*) FROM shop.products WHERE status = 'published'"),
        position=0 if reader is None else reader["position"],
        behind=0 if reader is None else reader["behind"],
        read_at=None if reader is None else reader["updated_at"],
        last_error=None if reader is None else reader["last_error"],
        corpus=await upkeep.corpus_standing(connection, PRODUCTS),
    )


async def _mend_products(connection: Connection, at: datetime, findings: Findings) -> None:
    """Writes published products that the index lacks, and takes out what it has too many."""
    lacking = await connection.fetch(_LACKING, REFRESHED_AT_ONCE)
    if len(lacking) == REFRESHED_AT_ONCE:
        findings.notes.append("many published products were not indexed")
        findings.rewrite = True
        return
    if lacking:
        ids = {row["id"] for row in lacking}
        await refresh(connection, ids, ids, at)
        findings.notes.append(f"{len(ids)} published products were not indexed")
    await _drop_unpublished(connection, at)


async def _drop_unpublished(connection: Connection, at: datetime) -> None:
    rows = await connection.fetch(_TOO_MANY)
    ids = {row["id"] for row in rows}
    await refresh(connection, ids, ids, at)


# Published products without words, or with a card that does not lead to them.
_LACKING = f"""
SELECT p.id FROM shop.products p LEFT JOIN {PRODUCTS.documents} d ON d.id = p.id
LEFT JOIN search.traits t ON t.product_id = p.id
WHERE p.status = 'published' AND (d.document IS NULL OR t.product_id IS NULL OR EXISTS (
    SELECT FROM search.products s WHERE s.product_id = p.id AND (s.document IS DISTINCT FROM d.document OR NOT EXISTS (
        SELECT FROM search.product_cards c WHERE c.product_id = s.product_id AND c.currency = s.currency)))
    OR NOT EXISTS (SELECT FROM search.offers o WHERE o.product_id = p.id) AND EXISTS (
        SELECT FROM search.products s WHERE s.product_id = p.id)
    OR NOT EXISTS (SELECT FROM search.products s WHERE s.product_id = p.id) AND EXISTS (
        SELECT FROM shop.variants v JOIN shop.prices r ON r.variant_id = v.id WHERE v.product_id = p.id AND v.active))
LIMIT $1"""

_TOO_MANY = f"""
SELECT id FROM (SELECT product_id AS id FROM search.products UNION SELECT id FROM {PRODUCTS.documents}
    UNION SELECT product_id FROM search.product_cards UNION SELECT product_id FROM search.traits
    UNION SELECT product_id FROM search.offers) AS indexed
WHERE NOT EXISTS (SELECT FROM shop.products p WHERE p.id = indexed.id AND p.status = 'published')"""
