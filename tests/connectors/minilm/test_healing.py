"""What goes wrong with the model's files while the shop runs, how it is said, and that it heals by itself."""

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from bottega.connectors.minilm import graph_cache
from bottega.connectors.minilm.embedder import MiniLmEmbedder
from bottega.connectors.minilm.identity import MiniLm
from bottega.kernel.errors import Unavailable
from tests.connectors.minilm.conftest import OpenEmbedder, log_of
from tests.connectors.minilm.test_weights import damage


async def refused_with(embedder: MiniLmEmbedder, code: str) -> Unavailable:
    """The refusal with this code; the model may still be loading at first."""
    deadline = time.monotonic() + 30
    while True:
        with pytest.raises(Unavailable) as caught:
            await embedder.embed(["a coat"], purpose="query")
        if caught.value.code == code:
            return caught.value
        # A busy machine may take longer to say so than a query waits.
        assert caught.value.code in {"embedder_warming", "embedder_slow"}
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def heals(embedder: MiniLmEmbedder, patience_seconds: float = 30) -> None:
    """Asks like a shop with shoppers in it, until meaning is back."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            assert len(await embedder.embed(["a coat"], purpose="query")) == 1
            return
        except Unavailable:
            assert time.monotonic() < deadline, log_of(embedder)
            await asyncio.sleep(0.05)


def without_cache(data_directory: Path) -> None:
    shutil.rmtree(data_directory / "models")


async def test_missing_weights_are_named_and_noticed_when_they_are_back(
    open_embedder: OpenEmbedder, data_directory: Path, weights_folder: Path
) -> None:
    without_cache(data_directory)
    aside = weights_folder.with_name("aside")
    shutil.move(weights_folder, aside)
    embedder = open_embedder(weights_folder=weights_folder)
    refusal = await refused_with(embedder, "embedder_weights_missing")
    assert "model.safetensors" in refusal.message
    assert refusal.retry_after_seconds == 5.0
    health = await embedder.health()
    assert (health.state, health.reason) == ("away", refusal.message)
    with pytest.raises(Unavailable) as caught:
        await embedder.wait_ready(timeout_seconds=30)
    assert caught.value.code == "embedder_weights_missing"
    shutil.move(aside, weights_folder)
    began = time.monotonic()
    await heals(embedder)
    assert log_of(embedder).count("away, next attempt") == 1
    assert "building the graph" in log_of(embedder)
    assert time.monotonic() - began < 30


async def test_damaged_weights_are_named_and_not_read_again_for_every_query(
    open_embedder: OpenEmbedder, data_directory: Path, weights_folder: Path, published: Path
) -> None:
    without_cache(data_directory)
    damage(weights_folder / "model.safetensors")
    embedder = open_embedder(weights_folder=weights_folder)
    refusal = await refused_with(embedder, "embedder_weights_damaged")
    assert "model.safetensors" in refusal.message
    for _ in range(100):
        await refused_with(embedder, "embedder_weights_damaged")
    assert log_of(embedder).count("away, next attempt") == 1
    assert not graph_cache.folder_of(MiniLm(data_directory)).exists()
    (weights_folder / "model.safetensors").unlink()
    (weights_folder / "model.safetensors").symlink_to(published / "model.safetensors")
    await heals(embedder)


async def test_a_whole_cache_needs_no_weights(
    open_embedder: OpenEmbedder, data_directory: Path, weights_folder: Path
) -> None:
    damage(weights_folder / "model.safetensors")
    embedder = open_embedder(weights_folder=weights_folder)
    await embedder.wait_ready(timeout_seconds=60)
    assert "building" not in log_of(embedder)


async def test_a_damaged_cache_is_built_again(open_embedder: OpenEmbedder, data_directory: Path) -> None:
    whole = open_embedder()
    await whole.wait_ready(timeout_seconds=60)
    (before,) = await whole.embed(["a coat"], purpose="query", timeout_seconds=30)
    await whole.stop_process()
    damage(graph_cache.folder_of(MiniLm(data_directory)) / "graph.onnx")
    embedder = open_embedder()
    await embedder.wait_ready(timeout_seconds=60)
    assert log_of(embedder).count("building the graph") == 1
    (after,) = await embedder.embed(["a coat"], purpose="query", timeout_seconds=30)
    assert (before == after).all()
    assert graph_cache.find(MiniLm(data_directory)) is not None


async def test_a_cache_of_sound_files_that_the_runtime_cannot_use_is_built_again(
    open_embedder: OpenEmbedder, data_directory: Path
) -> None:
    folder = graph_cache.folder_of(MiniLm(data_directory))
    contents = folder / "contents.json"
    old = graph_cache.digest_of(folder / "graph.onnx")
    (folder / "graph.onnx").write_bytes(b"a graph of another time")
    contents.write_text(contents.read_text().replace(old, graph_cache.digest_of(folder / "graph.onnx")))
    embedder = open_embedder()
    await embedder.wait_ready(timeout_seconds=60)
    assert "the cached graph cannot be used" in log_of(embedder)
    assert graph_cache.digest_of(folder / "graph.onnx") == old


@pytest.mark.slow
async def test_a_process_that_ends_while_it_starts_is_not_started_over_and_over(
    open_embedder: OpenEmbedder, data_directory: Path
) -> None:
    embedder = open_embedder()
    # Where its socket belongs stands a folder that cannot be removed like a file.
    embedder._files.socket.mkdir(parents=True)
    began = time.monotonic()
    while (await embedder.health()).state != "away":
        with pytest.raises(Unavailable) as caught:
            await embedder.embed(["a coat"], purpose="query")
        assert time.monotonic() - began < 30
        await asyncio.sleep(0.02)
    with pytest.raises(Unavailable) as caught:
        await embedder.embed(["a coat"], purpose="query")
    assert caught.value.code == "embedder_does_not_start"
    assert "embedder.log" in caught.value.next_step
    # Each attempt ends with its reason in the log; the last one may still be at it.
    assert log_of(embedder).count("IsADirectoryError") in {3, 4}
    embedder._files.socket.rmdir()
    await heals(embedder)
