"""Embedding what waits for it: in batches, outside any transaction, by one process at a time."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from bottega.platform.database.pool import Connection, Database, Row
from bottega.ports.embedder import Embedder
from bottega.retrieval.corpus import Corpus
from bottega.retrieval.vectors import belong_to, store

BATCH_TEXTS = 128
READY_TIMEOUT_SECONDS = 120.0

Progress = Callable[[int, int], None]


def unseen(done: int, in_all: int) -> None:
    """The progress that nobody watches."""
    del done, in_all


async def embed_waiting(
    database: Database, corpus: Corpus, embedder: Embedder, *, seconds: float, progress: Progress = unseen
) -> int:
    """Embeds what waits, the oldest first, for about so many seconds; returns how many documents.

    Raises `Unavailable` when the embedder cannot; what it had done by then is kept. Does nothing while another process
    is at it.
    """
    end = time.monotonic() + seconds
    done = 0
    async with _alone(database, corpus) as may:
        if not may or not await _waiting(database, corpus):
            return 0
        await embedder.wait_ready(timeout_seconds=min(seconds, READY_TIMEOUT_SECONDS))
        async with database.write() as connection:
            await belong_to(connection, corpus, embedder.model)
        in_all = await _waiting(database, corpus)
        while time.monotonic() < end:
            async with database.read() as connection:
                batch = await connection.fetch(_NEXT.format(waiting=corpus.waiting, documents=corpus.documents))
            if not batch:
                break
            await _embed(database, corpus, embedder, batch)
            done += len(batch)
            progress(min(done, in_all), in_all)
    return done


async def _embed(database: Database, corpus: Corpus, embedder: Embedder, batch: list[Row]) -> None:
    texts = [row for row in batch if row["meaning"]]
    made = await embedder.embed([row["meaning"] for row in texts], purpose="passage") if texts else []
    async with database.write() as connection:
        # A text that has changed meanwhile waits on; a document that is gone needs no vector.
        unchanged = await _unchanged(connection, corpus, batch)
        fresh = [
            (row["document"], row["digest"], vector)
            for row, vector in zip(texts, made, strict=True)
            if row["document"] in unchanged
        ]
        await store(connection, corpus, embedder.model, fresh)
        gone = [row["document"] for row in batch if row["digest"] is None]
        await connection.execute(
            f"DELETE FROM {corpus.waiting} WHERE document = ANY ($1::int[])", [*sorted(unchanged), *gone]
        )


async def _unchanged(connection: Connection, corpus: Corpus, batch: list[Row]) -> set[int]:
    rows = await connection.fetch(
        f"SELECT d.document FROM {corpus.documents} d JOIN unnest($1::int[], $2::bytea[]) AS b (document, digest) "
        "ON b.document = d.document AND b.digest = d.digest FOR SHARE OF d",
        [row["document"] for row in batch],
        [row["digest"] for row in batch],
    )
    return {row["document"] for row in rows}


async def _waiting(database: Database, corpus: Corpus) -> int:
    async with database.read() as connection:
        return await connection.fetchval(f"SELECT count(*) FROM {corpus.waiting}")


@asynccontextmanager
async def _alone(database: Database, corpus: Corpus) -> AsyncGenerator[bool]:
    """Holds a lock of the session; it ends with the process, however that ends."""
    name = f"search.{corpus.name} embedding"
    async with database.connection() as connection:
        may: bool = await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name)
        try:
            yield may
        finally:
            if may:
                await connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", name)


_NEXT = (
    "SELECT w.document, d.digest, d.meaning FROM {waiting} w LEFT JOIN {documents} d USING (document) "
    f"ORDER BY w.since, w.document LIMIT {BATCH_TEXTS}"
)
