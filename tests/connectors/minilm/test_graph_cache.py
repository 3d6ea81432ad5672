"""The built graph on disk: used when it is whole, built again when it is not, never half there."""

import json
import shutil
from pathlib import Path

import pytest

from bottega.connectors.minilm import graph_cache
from bottega.connectors.minilm.identity import MiniLm
from bottega.kernel.errors import Unavailable
from tests.connectors.minilm.test_weights import damage


@pytest.fixture
def setup(data_directory: Path) -> MiniLm:
    return MiniLm(data_directory, hub_url=None)


def test_a_whole_cache_is_found(setup: MiniLm) -> None:
    cached = graph_cache.find(setup)
    assert cached is not None
    assert cached.graph.stat().st_size < 30_000_000
    contents = json.loads((graph_cache.folder_of(setup) / "contents.json").read_text())
    assert contents["model"] == setup.model


@pytest.mark.parametrize("name", ["graph.onnx", "tokenizer.json", "contents.json"])
def test_a_damaged_or_missing_file_makes_it_no_cache(setup: MiniLm, name: str) -> None:
    path = graph_cache.folder_of(setup) / name
    damage(path)
    if name == "contents.json":
        path.write_text('{"files": {"graph.onnx"')
    assert graph_cache.find(setup) is None
    path.unlink()
    assert graph_cache.find(setup) is None


def test_building_leaves_nothing_but_the_cache(setup: MiniLm, published: Path) -> None:
    folder = graph_cache.folder_of(setup)
    shutil.rmtree(folder)
    # As a build that was killed leaves it.
    (folder.parent / f".{folder.name}-killed").mkdir()
    graph_cache.build(setup, published)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert sorted(path.name for path in folder.iterdir()) == ["contents.json", "graph.onnx", "tokenizer.json"]


def test_weights_that_are_no_weights_are_a_refusal_with_the_reason(setup: MiniLm, tmp_path: Path) -> None:
    before = sorted(graph_cache.folder_of(setup).iterdir())
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(Unavailable) as caught:
        graph_cache.build(setup, tmp_path)
    assert caught.value.code == "embedder_graph_not_built"
    assert "not a safetensors file" in caught.value.message
    assert sorted(graph_cache.folder_of(setup).iterdir()) == before
