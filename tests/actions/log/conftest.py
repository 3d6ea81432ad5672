"""A shop of counters, and a sealer for it."""

from collections.abc import AsyncIterator

import pytest

from bottega.actions.log.sealer import Sealer
from bottega.actions.log.signing import SigningKey
from bottega.platform.clock import SystemClock
from tests.actions.log.counters import CounterShop, open_counter_shop


@pytest.fixture
async def counter_shop(database_url: str) -> AsyncIterator[CounterShop]:
    async with open_counter_shop(database_url) as shop:
        yield shop


@pytest.fixture
def signing_key() -> SigningKey:
    return SigningKey.from_secret(b"a secret of the tests alone")


@pytest.fixture
async def sealer(counter_shop: CounterShop, signing_key: SigningKey) -> AsyncIterator[Sealer]:
    sealing = Sealer(counter_shop.dsn, signing_key, SystemClock())
    yield sealing
    await sealing.close()
