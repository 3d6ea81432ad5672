"""Loads the demo shop into an empty, migrated database: story, search index, documents, and their vectors."""

from datetime import datetime

from bottega.bootstrap import open_application
from bottega.bootstrap.background import catch_up
from bottega.demo_shop.load import load
from bottega.platform.clock import SetClock
from bottega.settings import Settings
from bottega.shop.flows.refresh_search import embed


async def load_demo_shop(settings: Settings, now: datetime) -> None:
    """Plays the demo's story up to `now`, with everything that follows from it done."""
    clock = SetClock(now)
    async with open_application(settings, clock=clock) as application:
        await load(application, clock, lambda *_: None)
        while await application.effects.drive_due():
            pass
        await catch_up(application)
        await application.knowledge.embed()
        await embed(application, {})
