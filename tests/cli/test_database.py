"""`bottega db` as an operator types it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bottega.cli import database
from bottega.platform.database import embedded


@pytest.fixture
def data_directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    embedded.reset(tmp_path / "data")


def typed(data_directory: Path, *words: str, answer: str = "") -> Result:
    return CliRunner().invoke(database.app, list(words), input=answer, env={"BOTTEGA_DATA_DIR": str(data_directory)})


def record(result: Result) -> dict[str, Any]:
    return json.loads(result.stdout)


def test_start_status_stop_and_reset_in_json(data_directory: Path) -> None:
    started = typed(data_directory, "start", "--json")
    assert started.exit_code == 0
    server = embedded.start(data_directory)
    assert record(started) == {
        "state": "running",
        "dsn": server.dsn,
        "process_id": server.process_id,
        "version": server.version,
        "data_directory": str(data_directory),
        "log_file": str(server.log_file),
        "notice": "",
    }
    assert record(typed(data_directory, "status", "--json")) == record(started)
    assert record(typed(data_directory, "stop", "--json")) == {"state": "stopped", "was_running": True}
    stopped = typed(data_directory, "status", "--json")
    assert (stopped.exit_code, record(stopped)["state"]) == (3, "stopped")
    assert record(typed(data_directory, "reset", "--yes", "--json")) == {"state": "not_created", "was_there": True}


def test_words_for_people(data_directory: Path) -> None:
    assert "database running, process" in typed(data_directory, "start").stdout
    assert typed(data_directory, "stop").stdout == "database stopped\n"
    assert typed(data_directory, "stop").stdout == "database not running\n"


def test_reset_asks_first_and_no_is_no(data_directory: Path) -> None:
    server = embedded.start(data_directory)
    asked = typed(data_directory, "reset", answer="n\n")
    assert asked.exit_code == 1
    assert embedded.status(data_directory).server == server


def test_a_refusal_names_its_code_and_the_next_step(data_directory: Path) -> None:
    letter = data_directory / "database" / "letter.txt"
    letter.parent.mkdir(parents=True)
    letter.touch()
    refused = typed(data_directory, "start", "--json")
    assert refused.exit_code == 1
    assert record(refused)["error"]["code"] == "not_our_directory"
    spoken = typed(data_directory, "start")
    assert spoken.exit_code == 1
    assert "BOTTEGA_DATA_DIR" in spoken.stderr
    letter.unlink()
