"""The sandbox keeps the embedder contract, also with a memory of queries around it."""

import pytest

from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.kernel.errors import Unavailable
from bottega.retrieval.remembered import RememberingEmbedder
from tests.contracts.embedder import Bench, EmbedderContract


class SandboxBench(Bench):
    def __init__(self, *, remembers: bool = False) -> None:
        self.sandbox = SandboxEmbedder()
        super().__init__(RememberingEmbedder(self.sandbox) if remembers else self.sandbox)

    async def go_away(self) -> None:
        self.sandbox.go_away()

    async def answer_slowly(self) -> None:
        self.sandbox.delay_seconds = 0.6

    async def come_back(self) -> None:
        self.sandbox.delay_seconds = 0
        self.sandbox.come_back()


class TestSandbox(EmbedderContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return SandboxBench()


class TestRemembering(EmbedderContract):
    @pytest.fixture
    def bench(self) -> Bench:
        return SandboxBench(remembers=True)


async def test_warming_up_is_said_at_once_and_waited_for_on_request() -> None:
    sandbox = SandboxEmbedder()
    sandbox.warm_up()
    with pytest.raises(Unavailable) as caught:
        await sandbox.embed(["a coat"], purpose="query")
    assert caught.value.code == "embedder_warming"
    assert (await sandbox.health()).state == "warming"
    with pytest.raises(Unavailable):
        await sandbox.wait_ready(timeout_seconds=0.05)
    sandbox.come_back()
    await sandbox.wait_ready(timeout_seconds=0.05)
    await sandbox.embed(["a coat"], purpose="query")
    assert sandbox.embedded == [("query", ("a coat",))]
