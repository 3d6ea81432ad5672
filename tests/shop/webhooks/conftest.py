"""A shop that may call this machine, and a receiver that listens on it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from tests.shop.webhooks.following import Following
from tests.shop.webhooks.receiver import Receiver, open_receiver
from tests.shop_fixtures import open_shop


@pytest_asyncio.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    async with open_receiver() as opened:
        yield opened


@pytest_asyncio.fixture
async def following(database_url: str, tmp_path: Path) -> AsyncGenerator[Following]:
    async with open_shop(database_url, tmp_path, webhooks_allow_private=True) as shop:
        yield Following(shop)
