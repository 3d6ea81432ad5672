"""`bottega jobs` on a real database: what it prints, what it changes, what it refuses."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from bottega.cli.jobs import app
from bottega.platform.jobs import Jobs, Registry, show_job


class Shell:
    """Runs the command in a thread, because it brings an event loop of its own."""

    async def run(self, *arguments: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments, catch_exceptions=False)
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


@pytest.fixture
async def job_ids(database_url: str) -> list[str]:
    """One waiting job and two dead ones."""
    registry = Registry()

    @registry.job("mail")
    async def mail(_: Any, __: Any) -> None: ...

    jobs = Jobs(database_url, registry=registry)
    connection = await asyncpg.connect(database_url)
    job_ids: list[str] = []
    for number in range(3):
        job_ids.append(await jobs.enqueue(connection, "mail", {"message": f"msg_{number}"}))
        # Identifiers sort by their millisecond.
        await asyncio.sleep(0.002)
    await connection.execute(
        "UPDATE platform.jobs SET state = 'dead', attempts = 5, finished_at = now(), "
        "last_error = 'Invalid [no] sender' WHERE id = ANY($1)",
        job_ids[1:],
    )
    await connection.execute(
        "UPDATE platform.pgqueuer SET status = 'failed' WHERE convert_from(payload, 'UTF8') = ANY($1)", job_ids[1:]
    )
    await connection.close()
    return job_ids


async def states(database_url: str, job_ids: list[str]) -> list[str]:
    connection = await asyncpg.connect(database_url)
    try:
        return [(await show_job(connection, job_id)).state for job_id in job_ids]
    finally:
        await connection.close()


async def test_jobs_are_listed_by_state(shell: Shell, job_ids: list[str]) -> None:
    exit_code, answer = await shell.json("list", "--state", "dead")
    assert exit_code == 0
    assert [job["id"] for job in answer["jobs"]] == [job_ids[2], job_ids[1]]
    assert answer["counts"] == {"waiting": 1, "running": 0, "done": 0, "dead": 2, "cancelled": 0}
    exit_code, text = await shell.run("list")
    assert exit_code == 0
    assert all(job_id in text for job_id in job_ids)
    assert "Invalid [no] sender" in text
    assert "1 waiting, 0 running, 0 done, 2 dead, 0 cancelled" in text


async def test_a_job_is_shown_with_payload_and_error(shell: Shell, job_ids: list[str]) -> None:
    exit_code, job = await shell.json("show", job_ids[1])
    assert exit_code == 0
    assert (job["payload"], job["state"], job["last_error"]) == ({"message": "msg_1"}, "dead", "Invalid [no] sender")
    exit_code, text = await shell.run("show", job_ids[1])
    assert exit_code == 0
    assert '{"message": "msg_1"}' in text


async def test_one_dead_job_is_requeued(shell: Shell, database_url: str, job_ids: list[str]) -> None:
    exit_code, job = await shell.json("requeue", job_ids[1])
    assert (exit_code, job["id"], job["state"], job["attempts"]) == (0, job_ids[1], "waiting", 0)
    assert await states(database_url, job_ids) == ["waiting", "waiting", "dead"]


async def test_all_dead_jobs_are_requeued(shell: Shell, database_url: str, job_ids: list[str]) -> None:
    assert await shell.json("requeue", "--all") == (0, {"requeued": job_ids[1:], "skipped": []})
    assert await states(database_url, job_ids) == ["waiting"] * 3


async def test_a_dead_job_is_discarded(shell: Shell, database_url: str, job_ids: list[str]) -> None:
    exit_code, job = await shell.json("discard", job_ids[2])
    assert (exit_code, job["state"]) == (0, "cancelled")
    assert await states(database_url, job_ids) == ["waiting", "dead", "cancelled"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("list", "--state", "lost"), "job_state"),
        (("list", "--limit", "0"), "job_limit"),
        (("show", "job_00000000000000000000000000"), "job_not_found"),
        (("requeue", "job_00000000000000000000000000"), "job_not_found"),
        (("requeue",), "job_unnamed"),
        (("requeue", "--all", "job_00000000000000000000000000"), "job_unnamed"),
        (("discard", "job_00000000000000000000000000"), "job_not_found"),
    ],
)
async def test_refusals_have_a_code_and_change_nothing(
    shell: Shell, database_url: str, job_ids: list[str], arguments: tuple[str, ...], code: str
) -> None:
    exit_code, answer = await shell.json(*arguments)
    assert (exit_code, answer["error"]["code"]) == (1, code)
    exit_code, text = await shell.run(*arguments)
    assert exit_code == 1
    assert code in text
    assert await states(database_url, job_ids) == ["waiting", "dead", "dead"]
