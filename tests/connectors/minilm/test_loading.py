"""Getting the model into memory where only a hub has it, and how often that is tried."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bottega.connectors.minilm import weights
from bottega.connectors.minilm.identity import PINNED_FILES, MiniLm
from bottega.connectors.minilm.loading import ModelLoader
from bottega.connectors.minilm.weights import Place, download_folder
from tests.fakes.model_hub import Hub


@pytest.fixture
def setup(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MiniLm:
    """A machine without the package of weights."""

    def downloaded(setup: MiniLm) -> list[Place]:
        return [Place("the downloaded files", download_folder(setup))]

    monkeypatch.setattr(weights, "places", downloaded)
    return MiniLm(tmp_path, hub_url=f"{hub.url}/resolve")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the loader announces nothing: its callers ask
            await asyncio.sleep(0.01)


async def test_what_only_the_hub_has_is_downloaded_built_and_used(hub: Hub, setup: MiniLm, published: Path) -> None:
    hub.contents = {pinned.name: (published / pinned.name).read_bytes() for pinned in PINNED_FILES}
    told: list[str] = []
    loader = ModelLoader(setup, told.append)
    assert loader.wake() is None
    assert loader.state == "warming"
    await until(lambda: loader.state != "warming")
    assert loader.refusal is None, loader.refusal
    encoder = loader.wake()
    assert encoder is not None
    assert encoder.encode("a coat").shape == (384,)
    assert told[:2] == ["downloading the weights", "building the graph"]
    assert len(hub.asked) == 2
    # From now on neither hub nor files are needed.
    shutil.rmtree(download_folder(setup))
    again = ModelLoader(setup, told.append)
    again.wake()
    await until(lambda: again.state != "warming")
    assert again.state == "ready"
    assert len(hub.asked) == 2


async def test_a_hub_that_fails_is_not_asked_for_every_query(hub: Hub, setup: MiniLm, published: Path) -> None:
    hub.status = 503
    loader = ModelLoader(setup, lambda _: None)
    for _ in range(50):
        loader.wake()
        await until(lambda: loader.state != "warming")
    refusal = loader.refusal
    assert refusal is not None
    assert (refusal.code, refusal.retry_after_seconds) == ("embedder_download_failed", 5.0)
    assert len(hub.asked) == 1
    # Whoever cannot wait puts the files there: that is noticed at once.
    folder = download_folder(setup)
    for pinned in PINNED_FILES:
        (folder / pinned.name).symlink_to(published / pinned.name)
    loader.wake()
    await until(lambda: loader.state != "warming")
    assert loader.state == "ready"
    assert len(hub.asked) == 1


async def test_the_pauses_grow(hub: Hub, setup: MiniLm) -> None:
    hub.status = 503
    loader = ModelLoader(setup, lambda _: None)
    pauses: list[float | None] = []
    for _ in range(9):
        loader._not_before = 0
        loader.wake()
        await until(lambda: loader.state != "warming")
        assert loader.refusal is not None
        pauses.append(loader.refusal.retry_after_seconds)
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]
