"""`bottega log`, `replay` and `doctor` on a real shop: what they print, their exit codes, and what they find."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bottega.actions.log.sealer import Sealer
from bottega.actions.log.signing import SigningKey
from bottega.cli import app
from bottega.platform.clock import SystemClock
from bottega.platform.database.pool import Database
from bottega.platform.database.scratch import drop_database
from bottega.shop.stock.actions import ChangeLocation, CreateLocation
from tests.actions.log.counters import CounterShop


class Shell:
    """Runs the command in a thread, because it brings an event loop of its own."""

    async def run(self, *arguments: str, exit_code: int = 0) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments, catch_exceptions=False)
        assert result.exit_code == exit_code, result.output
        return result.output

    async def json(self, *arguments: str, exit_code: int = 0) -> Any:
        return json.loads(await self.run(*arguments, "--json", exit_code=exit_code))


@pytest.fixture
def shell(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("BOTTEGA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BOTTEGA_EMBEDDER", "none")
    monkeypatch.setenv("COLUMNS", "200")
    return Shell()


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[CounterShop]:
    """Three entries: two locations are made, and one of them changed."""
    database = await Database.open(database_url, writers=2, readers=2)
    shop = CounterShop(database_url, database)
    created = await shop.do(CreateLocation(handle="north", name="North [store]"))
    await shop.do(CreateLocation(handle="south", name="South"))
    location_id = created.result["location_id"]
    await shop.do(ChangeLocation(location_id=location_id, name="Norden", priority=7, active=True))
    yield shop
    await database.close()


@pytest.fixture
def signing_key() -> SigningKey:
    return SigningKey.from_secret(b"a secret of the tests alone")


async def test_the_tail_an_entry_a_search_and_a_history(shop: CounterShop, shell: Shell) -> None:
    lines = (await shell.run("log", "tail")).splitlines()
    assert [line.split()[3] for line in lines] == ["CreateLocation", "CreateLocation", "ChangeLocation"]
    entries = [json.loads(line) for line in (await shell.run("log", "tail", "-n", "2", "--json")).splitlines()]
    assert [entry["arguments"].get("handle") for entry in entries] == ["south", None]

    text = await shell.run("log", "show", entries[1]["id"])
    location_id = entries[1]["arguments"]["location_id"]
    assert f"  update shop.locations {location_id}\n" in text
    assert '      name: "North [store]" → "Norden"\n      priority: 0 → 7\n' in text
    assert "handle:" not in text, "an update shows what changed"
    record = await shell.json("log", "show", entries[1]["id"])
    assert record["changes"][0]["after"]["name"] == "Norden"

    found = await shell.run("log", "search", "--object", location_id, "--action", "CreateLocation", "--json")
    assert [json.loads(line)["arguments"]["handle"] for line in found.splitlines()] == ["north"]
    history = await shell.run("log", "history", "shop.locations", location_id)
    assert [line.split()[0] for line in history.splitlines() if "_location" in line or "Location by" in line] == [
        "1",
        "3",
    ]
    assert 'name: "North [store]"' in history

    missing = await shell.json("log", "show", "77", exit_code=1)
    assert missing["error"]["code"] == "no_such_entry"


async def test_the_tail_follows_what_happens(shop: CounterShop, shell: Shell, signing_key: SigningKey) -> None:
    sealer = Sealer(shop.dsn, signing_key, SystemClock())
    await sealer.seal_all()
    command = (sys.executable, "-m", "bottega", "log", "tail", "-f", "-n", "1", "--json")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert json.loads(await process.stdout.readline())["position"] == 3
        await shop.do(CreateLocation(handle="east", name="East"))
        await shop.do(CreateLocation(handle="west", name="West"))
        await sealer.seal_all()
        followed = [json.loads(await process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    assert [(entry["position"], entry["arguments"]["handle"]) for entry in followed] == [(4, "east"), (5, "west")]
    await sealer.close()


async def test_an_export_is_verified_without_the_database(
    shop: CounterShop, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    summary = await shell.json("log", "export", str(path))
    assert (summary["entries"], summary["blocks"]) == (3, 1)
    assert (await shell.json("log", "key"))["public_key"] == summary["public_key"]
    again = await shell.json("log", "export", str(path), exit_code=1)
    assert again["error"]["code"] == "file_exists"

    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    arguments = ("log", "verify-export", str(path), "--public-key", summary["public_key"])
    assert "the export is whole: 3 entries in 1 blocks hold" in await shell.run(*arguments)
    report = await shell.json(*arguments, "--expect-head", summary["head"])
    assert (report["whole"], report["key_is_given"]) == (True, True)
    assert "give --public-key" in await shell.run("log", "verify-export", str(path))

    path.write_text(path.read_text().replace('"stf_tester"', '"stf_nobody"', 1))
    assert "altered: line 2, position 1, entry ent_" in await shell.run(*arguments, exit_code=1)
    report = await shell.json(*arguments, exit_code=1)
    assert (report["whole"], report["finding"]["line"], report["finding"]["position"]) == (False, 2, 1)
    path.write_text("nothing of the kind\n")
    assert (await shell.json(*arguments, exit_code=2))["error"]["code"] == "not_an_export"


async def test_the_log_is_verified_against_database_and_anchor(shop: CounterShop, shell: Shell, tmp_path: Path) -> None:
    assert "there is no anchor" in await shell.run("log", "verify")
    await shell.run("log", "export", str(tmp_path / "log.jsonl.gz"))
    result = await shell.json("log", "verify")
    assert (result["whole"], result["entries"], result["unsealed"], result["anchored_position"]) == (True, 3, 0, 3)
    await shop.tamper("UPDATE log.entries SET result = '{}' WHERE sequence = 2")
    assert "altered: position 2, entry ent_" in await shell.run("log", "verify", exit_code=1)
    await shop.tamper("TRUNCATE log.positions, log.blocks")
    result = await shell.json("log", "verify", exit_code=1)
    assert [finding["code"] for finding in result["findings"]] == ["truncated"]
    bad_key = await shell.json("log", "verify", "--earlier-key", "xyz", exit_code=2)
    assert bad_key["error"]["code"] == "bad_public_key"


async def test_the_shop_is_replayed_and_restored(shop: CounterShop, shell: Shell, tmp_path: Path) -> None:
    result = await shell.json("replay", "--verify")
    assert (result["identical"], result["entries"], result["changes"], result["rows"]) == (True, 3, 3, 2)
    assert "identical: 2 rows in" in await shell.run("replay", "--verify")
    await shop.tamper("UPDATE shop.locations SET priority = 9 WHERE handle = 'south'")
    result = await shell.json("replay", "--verify", exit_code=1)
    difference = result["difference"]
    assert (difference["column"], difference["in_shop"], difference["in_log"]) == ("priority", 9, 0)
    assert (await shell.json("replay", exit_code=2))["error"]["code"] == "replay_unclear"

    await shell.run("log", "export", str(tmp_path / "log.jsonl"))
    name = f"{await shop.value('SELECT current_database()')}_earlier"
    try:
        restored = await shell.json("replay", "--to-position", "2", "--into", name)
        assert (restored["name"], restored["entries"]) == (name, 2)
        assert "dsn" not in restored
    finally:
        await drop_database(shop.dsn, name)


async def test_the_doctor_looks_and_checks(shop: CounterShop, shell: Shell) -> None:
    looked = await shell.json("doctor")
    assert looked["well"]
    states = {finding["name"]: finding["state"] for finding in looked["findings"]}
    assert (states["database"], states["log"], states["anchor"]) == ("well", "well", "attention")
    checked = await shell.json("doctor", "--invariants")
    assert checked["hold"]
    assert [found["name"] for found in checked["invariants"]] == [f"I{number}" for number in range(1, 20)]
    await shop.tamper("UPDATE shop.locations SET priority = 9 WHERE handle = 'south'")
    text = await shell.run("doctor", "--invariants", exit_code=1)
    assert "1 violations" in text
    assert "why the table differs from the log" in text


async def test_a_reader_is_rewound(shop: CounterShop, shell: Shell) -> None:
    assert await shell.json("log", "readers") == []
    async with shop.database.write() as connection:
        await connection.execute(
            "INSERT INTO log.readers (name, position, failures, last_error, updated_at) "
            "VALUES ('index', 9, 2, 'x', now())"
        )
    assert not (await shell.json("doctor", exit_code=1))["well"]
    await shell.run("log", "rewind", "index")
    (reader,) = await shell.json("log", "readers")
    assert (reader["position"], reader["failures"], reader["last_error"]) == (0, 0, None)
    missing = await shell.json("log", "rewind", "nobody", exit_code=1)
    assert missing["error"]["code"] == "no_such_reader"
