"""Sales begin and end by the clock, without an entry in the log: the cards that lists show follow by a job."""

from collections.abc import Mapping
from typing import Any

from bottega.platform.jobs import periodic
from bottega.shop.catalogue import index
from bottega.shop.flows.job_context import ShopJobs


@periodic("search.refresh_due", every_seconds=5)
async def refresh_due(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Rewrites what is due, a batch at a time; lists show the right price in between already."""
    performer = context.performer
    while True:
        async with performer.database.write() as connection:
            if await index.refresh_due(connection, performer.clock.now()) < index.REFRESHED_AT_ONCE:
                return
