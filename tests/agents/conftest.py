"""The counter and the wardrobe behind it."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from bottega.bootstrap.background import catch_up
from tests.agents.counter import Counter, open_counter
from tests.shop.wardrobe import Wardrobe, open_wardrobe
from tests.shop_fixtures import Shop


@pytest_asyncio.fixture
async def wardrobe(shop: Shop) -> Wardrobe:
    opened = await open_wardrobe(shop)
    # The search index is a reader of the log.
    await catch_up(shop.application)
    return opened


@pytest_asyncio.fixture
async def counter(wardrobe: Wardrobe) -> AsyncGenerator[Counter]:
    async with open_counter(wardrobe) as opened:
        yield opened
