"""`bottega embedder` as an operator types it, with a real process, and what `doctor` says of it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bottega.cli import app
from bottega.connectors.minilm import graph_cache, weights
from bottega.connectors.minilm.identity import MiniLm
from bottega.kernel.errors import Unavailable

MODEL = "all-MiniLM-L6-v2@53aa5117/int8.1"


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def record(result: Result) -> dict[str, Any]:
    return json.loads(result.stdout)


@pytest.fixture
def data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    directory = tmp_path / "data"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOTTEGA_DATA_DIR", str(directory))
    monkeypatch.delenv("BOTTEGA_EMBEDDER", raising=False)  # the suite turns it off for all tests
    monkeypatch.setenv("BOTTEGA_EMBEDDER_HUB", "")
    yield directory
    typed("embedder", "stop")


@pytest.fixture
def with_weights(data_directory: Path) -> None:
    try:
        weights.sound_folder(MiniLm(data_directory, hub_url=None))
    except Unavailable as refusal:
        pytest.skip(f"{refusal} (the extra `weights` of this project)")


def test_start_status_and_stop(data_directory: Path, with_weights: None) -> None:
    before = typed("embedder", "status", "--json")
    assert before.exit_code == 3
    assert (record(before)["state"], record(before)["model"], record(before)["dimensions"]) == ("idle", MODEL, 384)
    assert not data_directory.exists(), "looking changes nothing"
    started = typed("embedder", "start", "--json")
    assert started.exit_code == 0, started.output
    assert (record(started)["state"], record(started)["model"]) == ("ready", MODEL)
    running = typed("embedder", "status", "--json")
    assert running.exit_code == 0
    shown = record(running)
    assert (shown["state"], shown["process_id"]) == ("ready", record(started)["process_id"])
    assert (shown["queries"], shown["passages"], shown["waiting"]) == (0, 0, {"query": 0, "passage": 0})
    assert shown["connections"] == 0
    assert Path(shown["log_file"]).read_text().count(" serves ") == 1
    assert f"model: {MODEL}" in typed("embedder", "start").stdout
    assert record(typed("embedder", "stop", "--json")) == {"state": "stopped", "was_running": True}
    assert record(typed("embedder", "stop", "--json")) == {"state": "stopped", "was_running": False}


def test_missing_weights_are_told_with_the_next_step(data_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_EMBEDDER_WEIGHTS", str(data_directory / "nowhere"))
    refused = typed("embedder", "start", "--json")
    assert refused.exit_code == 1
    error = record(refused)["error"]
    assert error["code"] == "embedder_weights_missing"
    assert "BOTTEGA_EMBEDDER_WEIGHTS" in error["next_step"]
    status = typed("embedder", "status", "--json")
    assert (status.exit_code, record(status)["state"], record(status)["reason"]) == (3, "away", error["message"])


def test_no_embedder(data_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOTTEGA_EMBEDDER", "none")
    status = typed("embedder", "status", "--json")
    assert (status.exit_code, record(status)["state"]) == (3, "off")
    for verb in ("start", "stop"):
        refused = typed("embedder", verb, "--json")
        assert (refused.exit_code, record(refused)["error"]["code"]) == (1, "embedder_not_local")


def finding(result: Result) -> tuple[str, str]:
    (found,) = [found for found in record(result)["findings"] if found["name"] == "embedder"]
    return found["state"], found["detail"]


def test_the_doctor_says_which_embedder_and_whether_it_is_ready(
    database_url: str, data_directory: Path, with_weights: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    ready = f"minilm, model {MODEL}, 384 numbers per text"
    assert finding(typed("doctor", "--json")) == ("well", f"{ready}, ready")
    typed("embedder", "stop")
    shutil.rmtree(graph_cache.folder_of(MiniLm(data_directory)))
    monkeypatch.setenv("BOTTEGA_EMBEDDER_WEIGHTS", str(data_directory / "nowhere"))
    state, detail = finding(typed("doctor", "--json"))
    assert state == "attention"
    missing = "Meaning is away: the language model's file model.safetensors is missing."
    assert detail.startswith(f"{ready}; not ready, search goes by keyword: {missing}")
    typed("embedder", "stop")
    monkeypatch.setenv("BOTTEGA_EMBEDDER", "none")
    none = ("attention", "BOTTEGA_EMBEDDER is none: search goes by keyword alone")
    assert finding(typed("doctor", "--json")) == none
