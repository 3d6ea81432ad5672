"""MiniLM keeps the embedder contract, with a real process that is stopped, killed and robbed of its weights."""

import contextlib
import os
import shutil
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bottega.connectors.minilm import graph_cache
from bottega.connectors.minilm.embedder import MiniLmEmbedder
from bottega.connectors.minilm.identity import PINNED_FILES, MiniLm
from tests.connectors.minilm.conftest import process_id_of
from tests.contracts.embedder import READY_TIMEOUT_SECONDS, Bench, EmbedderContract


class MiniLmBench(Bench):
    def __init__(self, setup: MiniLm, published: Path) -> None:
        self.setup = setup
        self.published = published
        self.minilm = MiniLmEmbedder(setup)
        self.stopped = 0
        super().__init__(self.minilm)

    async def go_away(self) -> None:
        assert self.setup.weights_folder is not None
        await self.minilm.stop_process()
        shutil.rmtree(graph_cache.folder_of(self.setup))
        for pinned in PINNED_FILES:
            (self.setup.weights_folder / pinned.name).unlink()

    async def answer_slowly(self) -> None:
        self.stopped = await process_id_of(self.minilm)
        os.kill(self.stopped, signal.SIGSTOP)

    async def come_back(self) -> None:
        assert self.setup.weights_folder is not None
        if self.stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.stopped, signal.SIGCONT)
        for pinned in PINNED_FILES:
            with contextlib.suppress(FileExistsError):
                (self.setup.weights_folder / pinned.name).symlink_to(self.published / pinned.name)


@pytest.fixture(scope="session")
async def shared_setup(
    built: Path, published: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[MiniLm]:
    """One process for the whole contract, as on a machine."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copytree(built, folder / "data")
    (folder / "weights").mkdir()
    for pinned in PINNED_FILES:
        (folder / "weights" / pinned.name).symlink_to(published / pinned.name)
    setup = MiniLm(folder / "data", weights_folder=folder / "weights", hub_url=None)
    yield setup
    last = MiniLmEmbedder(setup)
    await last.stop_process()
    await last.close()


class TestMiniLm(EmbedderContract):
    @pytest.fixture
    async def bench(self, shared_setup: MiniLm, published: Path) -> AsyncGenerator[Bench]:
        bench = MiniLmBench(shared_setup, published)
        await bench.embedder.wait_ready(timeout_seconds=READY_TIMEOUT_SECONDS)
        yield bench
        await bench.come_back()
        await bench.embedder.close()
