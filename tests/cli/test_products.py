"""`bottega import products`, `export products` and `search` on a real database."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bottega.cli import command_line
from tests.shop.flows.product_files.files_fixture import icecat_row, written


class Shell:
    """Runs the command line in a thread, because it brings an event loop of its own."""

    async def run(self, *arguments: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, command_line(), arguments, catch_exceptions=False)
        return result.exit_code, result.output

    async def json(self, *arguments: str) -> tuple[int, Any]:
        exit_code, output = await self.run(*arguments, "--json")
        return exit_code, json.loads(output)


@pytest.fixture
def shell(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("BOTTEGA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return Shell()


async def test_import_index_search_and_export(shell: Shell, tmp_path: Path) -> None:
    rows: list[Any] = [icecat_row(number) for number in (2110, 2120, 2130)]
    path = str(written(tmp_path / "products.jsonl.gz", [*rows, "broken"]))
    exit_code, summary = await shell.json("import", "products", path, "--format", "icecat", "--stock", "3")
    assert (exit_code, summary["read"], summary["created"], summary["rejected"]) == (0, 4, 3, 1)
    assert summary["rejections"][0]["row"] == 4
    _, again = await shell.json("import", "products", path, "--format", "icecat", "--stock", "3")
    assert (again["created"], again["unchanged"]) == (0, 3)
    without = {"products": 3, "embedded": 0, "meaning": "no embedder is set up"}
    assert await shell.json("search", "rebuild") == (0, without)
    exit_code, status = await shell.json("search", "status")
    assert (exit_code, status["whole"], status["products"], status["indexed"]) == (0, True, 3, 3)
    assert (status["waiting_for_embedding"], status["embedded"], status["embedder"]) == (3, 0, "none")
    exit_code, found = await shell.json("search", "tn2120", "toner", "--limit", "1")
    assert (exit_code, found["query"]) == (0, "tn2120 toner")
    assert [item["title"] for item in found["items"]] == ["Brother TN-2120 toner cartridge"]
    _, shown = await shell.run("search", "brother", "--brand", "brother", "--in-stock")
    assert "49.95 EUR" in shown
    assert (await shell.json("search", "nothing-like-it"))[1]["items"] == []
    out = tmp_path / "out.jsonl"
    exit_code, written_out = await shell.json("export", "products", str(out), "--format", "icecat")
    assert (exit_code, written_out["products"]) == (0, 3)
    lines = await asyncio.to_thread(out.read_text)
    assert sorted(json.loads(line)["id"] for line in lines.splitlines()) == ["2110", "2120", "2130"]


async def test_strict_import_refuses_with_exit_code_1_and_names_the_rows(shell: Shell, tmp_path: Path) -> None:
    path = str(written(tmp_path / "products.jsonl", [icecat_row(1), icecat_row(2, price=None)]))
    exit_code, summary = await shell.json("import", "products", path, "--format", "icecat", "--strict")
    assert (exit_code, summary["created"], summary["rejected"]) == (1, 0, 1)
    exit_code, shown = await shell.run("import", "products", path, "--format", "icecat", "--strict")
    assert exit_code == 1
    assert "refused: 1 of 2 rows cannot go in, and nothing was changed" in shown
    assert "row 2, price: a whole number of minor units is needed" in shown
    _, exported = await shell.json("export", "products", str(tmp_path / "out.jsonl"))
    assert exported["products"] == 0


async def test_what_cannot_be_done_is_said(shell: Shell, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.jsonl")
    exit_code, error = await shell.json("import", "products", missing, "--format", "icecat")
    assert (exit_code, error["error"]["code"]) == (1, "no_such_file")
    exit_code, error = await shell.json("import", "products", missing, "--format", "excel")
    assert (exit_code, error["error"]["code"]) == (1, "no_such_format")
    exit_code, error = await shell.json("export", "products", str(tmp_path / "no" / "out.jsonl"))
    assert (exit_code, error["error"]["code"]) == (1, "no_such_folder")
    exit_code, error = await shell.json("export", "products", str(tmp_path / "out"), "--currency", "XXX")
    assert (exit_code, error["error"]["code"]) == (1, "unknown_currency")
