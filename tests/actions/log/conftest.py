"""A shop of counters, and a sealer for it."""

from collections.abc import AsyncIterator

import pytest

from bottega.actions.log.sealer import Sealer
from bottega.actions.log.signing import SigningKey
from bottega.platform.clock import SystemClock
from bottega.platform.database.pool import Database
from tests.actions.log.counters import CounterShop, create_tables


@pytest.fixture
async def counter_shop(database_url: str) -> AsyncIterator[CounterShop]:
    await create_tables(database_url)
    database = await Database.open(database_url, writers=16, readers=4)
    yield CounterShop(database_url, database)
    await database.close()


@pytest.fixture
def signing_key() -> SigningKey:
    return SigningKey.from_secret(b"a secret of the tests alone")


@pytest.fixture
async def sealer(counter_shop: CounterShop, signing_key: SigningKey) -> AsyncIterator[Sealer]:
    sealing = Sealer(counter_shop.dsn, signing_key, SystemClock())
    yield sealing
    await sealing.close()
