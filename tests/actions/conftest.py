"""A shop of boxes."""

from collections.abc import AsyncIterator

import pytest

from tests.actions.box_shop import BoxShop, open_box_shop


@pytest.fixture
async def boxes(database_url: str) -> AsyncIterator[BoxShop]:
    async with open_box_shop(database_url) as shop:
        yield shop
