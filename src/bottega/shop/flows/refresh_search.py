"""What keeps the search by the clock: sales that begin and end, vectors, what was lost, and counts that end."""

from collections.abc import Mapping
from typing import Any

import structlog

from bottega.kernel.errors import Unavailable
from bottega.platform.jobs import periodic
from bottega.retrieval.embedding import embed_waiting
from bottega.retrieval.search import embedder_of
from bottega.retrieval.vectors import ensure_near_index
from bottega.shop.catalogue import index, search_notes, viewed, vocabulary_store
from bottega.shop.catalogue.index_upkeep import look_after
from bottega.shop.catalogue.product_documents import PRODUCTS
from bottega.shop.flows.job_context import ShopJobs

log = structlog.get_logger(__name__)

EMBED_SECONDS = 40.0


@periodic("search.refresh_due", every_seconds=5)
async def refresh_due(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Rewrites what is due, a batch at a time; lists show the right price in between already."""
    performer = context.performer
    while True:
        async with performer.database.write() as connection:
            if await index.refresh_due(connection, performer.clock.now()) < index.REFRESHED_AT_ONCE:
                return


@periodic("search.embed", every_seconds=2)
async def embed(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Embeds new and changed products; while the embedder is away they wait, and are found by keyword."""
    embedder = embedder_of(context.services)
    if embedder is None:
        return
    try:
        await embed_waiting(context.performer.database, PRODUCTS, embedder, seconds=EMBED_SECONDS)
    except Unavailable as refusal:
        log.info("search_embedding_waits", reason=refusal.message)


@periodic("search.look_after", every_seconds=60, timeout_seconds=3_600)
async def look_after_index(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Finds what the index lacks and makes it again."""
    performer = context.performer
    findings = await look_after(performer.database, performer.clock)
    if findings.notes:
        log.warning("search_index_mended", found=findings.notes)
    if await ensure_near_index(performer.database.dsn, PRODUCTS):
        log.info("search_vectors_indexed")


@periodic("search.learn_vocabulary", every_seconds=20)
async def learn_vocabulary(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Learns what the catalogue calls things, when enough of its words have changed."""
    performer = context.performer
    async with performer.database.write() as connection:
        await vocabulary_store.learn_if_due(connection, performer.clock.now(), by_the_clock=True)


@periodic("search.sweep_notes", every_seconds=3_600)
async def sweep_notes(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Counts of searches, and what people looked at, whose time is over."""
    performer = context.performer
    async with performer.database.write() as connection:
        await search_notes.sweep(connection, performer.clock.now().date())
        await viewed.sweep(connection, performer.clock.now())
