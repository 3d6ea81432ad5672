"""Fixtures: a localstripe process for the session, and a fault proxy before it for each test."""

from collections.abc import AsyncGenerator, Generator

import pytest

from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.localstripe_process import localstripe


@pytest.fixture(scope="session")
def localstripe_url() -> Generator[str]:
    with localstripe() as url:
        yield url


@pytest.fixture
async def fault_proxy(localstripe_url: str) -> AsyncGenerator[FaultProxy]:
    proxy = FaultProxy(localstripe_url)
    await proxy.start()
    yield proxy
    await proxy.stop()
