"""The model's files for the tests: its weights from the installed package, and a graph built once per session."""

import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bottega.connectors.minilm import graph_cache, weights
from bottega.connectors.minilm.embedder import MiniLmEmbedder
from bottega.connectors.minilm.identity import PINNED_FILES, MiniLm
from bottega.kernel.errors import Unavailable
from tests.fakes.model_hub import Hub, model_hub

OpenEmbedder = Callable[..., MiniLmEmbedder]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the published files; without the package of weights the test is skipped."""
    try:
        return weights.sound_folder(MiniLm(tmp_path_factory.mktemp("none"), hub_url=None))
    except Unavailable as refusal:
        pytest.skip(f"{refusal} (the extra `weights` of this project)")


@pytest.fixture(scope="session")
def built(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the built graph in it; only to be copied."""
    setup = MiniLm(tmp_path_factory.mktemp("built"), hub_url=None)
    graph_cache.build(setup, published)
    return setup.data_directory


@pytest.fixture
def data_directory(built: Path, tmp_path: Path) -> Path:
    """A data directory of this test alone, with the built graph."""
    copied = tmp_path / "data"
    shutil.copytree(built, copied)
    return copied


@pytest.fixture
def weights_folder(published: Path, tmp_path: Path) -> Path:
    """A folder with the published files that this test may damage: they are copies or links of its own."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for pinned in PINNED_FILES:
        (folder / pinned.name).symlink_to(published / pinned.name)
    return folder


@pytest.fixture
def hub() -> Iterator[Hub]:
    with model_hub() as running:
        yield running


@pytest.fixture
async def open_embedder(data_directory: Path) -> AsyncGenerator[OpenEmbedder]:
    """Opens embedders over the test's data directory; their processes end with the test."""
    async with AsyncExitStack() as stack:

        def opened(**changes: Any) -> MiniLmEmbedder:
            settings: dict[str, Any] = {
                "data_directory": data_directory,
                "hub_url": None,
                "idle_seconds": 30,
                **changes,
            }
            embedder = MiniLmEmbedder(MiniLm(**settings))
            stack.push_async_callback(embedder.close)
            stack.push_async_callback(embedder.stop_process)
            return embedder

        yield opened


@pytest.fixture
async def embedder(open_embedder: OpenEmbedder) -> MiniLmEmbedder:
    """One whose process is ready."""
    opened = open_embedder()
    await opened.wait_ready(timeout_seconds=60)
    return opened


def log_of(embedder: MiniLmEmbedder) -> str:
    return embedder.log_file.read_text()


async def process_id_of(embedder: MiniLmEmbedder) -> int:
    status = await embedder.status()
    assert status is not None, "no process answers"
    return status["process_id"]
