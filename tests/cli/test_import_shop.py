"""`bottega import shop` on a real database: summary, repetition, strictness, and what is wrong with a request."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bottega.cli import command_line
from tests.shop.flows.shop_files.two_orders import small_shop


@pytest.fixture
def file(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("BOTTEGA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(small_shop()))
    return path


async def import_shop(file: Path, *options: str, form: str = "tau-retail") -> tuple[int, str]:
    # In a thread, because the command brings an event loop of its own.
    arguments = ["import", "shop", str(file), "--format", form, *options]
    result = await asyncio.to_thread(CliRunner().invoke, command_line(), arguments, catch_exceptions=False)
    return result.exit_code, result.output


async def summary_of(file: Path, *options: str) -> tuple[int, dict[str, Any]]:
    exit_code, output = await import_shop(file, "--json", *options)
    return exit_code, json.loads(output)


async def test_a_file_twice(file: Path) -> None:
    exit_code, summary = await summary_of(file)
    assert (exit_code, summary["read"], summary["created"], summary["rejected"]) == (0, 8, 8, 0)
    assert summary["sections"]["orders"]["created"] == 4
    exit_code, shown = await import_shop(file)
    assert exit_code == 0
    assert "orders: 4 read, 0 created, 0 updated, 4 unchanged, 0 rejected" in shown


async def test_bad_rows_are_named_and_strict_refuses(file: Path) -> None:
    content = small_shop()
    content["orders"]["#W3"]["status"] = "lost"
    await asyncio.to_thread(file.write_text, json.dumps(content))
    exit_code, shown = await import_shop(file, "--strict")
    assert exit_code == 1
    assert "refused: 1 of 8 rows cannot go in, and nothing was changed" in shown
    assert "orders row 3, status: 'lost' is none of pending, processed, delivered, cancelled" in shown
    exit_code, summary = await summary_of(file)
    assert (exit_code, summary["created"], summary["rejected"]) == (0, 7, 1)


async def test_another_format_and_a_missing_file_are_refused(file: Path) -> None:
    exit_code, shown = await import_shop(file, "--json", form="magento")
    assert (exit_code, json.loads(shown)["error"]["code"]) == (1, "no_such_format")
    exit_code, shown = await import_shop(file.with_name("nowhere.json"), "--json")
    assert (exit_code, json.loads(shown)["error"]["code"]) == (1, "no_such_file")
