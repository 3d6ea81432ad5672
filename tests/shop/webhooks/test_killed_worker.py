"""A worker process that is killed while it sends: the next one loses no delivery and skips none."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bottega.bootstrap.background import run_background
from tests.shop.webhooks.following import Following
from tests.shop.webhooks.receiver import Receiver

ROOT = Path(__file__).resolve().parents[3]
NUMBER = 12


@contextlib.asynccontextmanager
async def worker_process(database_url: str, directory: Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.shop.webhooks.killed_worker", database_url, str(directory), cwd=ROOT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.slow
async def test_the_next_worker_sends_what_the_killed_one_had_begun(
    following: Following, receiver: Receiver, database_url: str, tmp_path: Path
) -> None:
    await following.endpoint(receiver.url)
    await following.happen(*(f"place-{number}" for number in range(NUMBER)))
    # The first requests are answered, then the receiver hangs, and the worker is killed in the middle.
    receiver.script.extend([200, 200, 200, *["hang"] * 5])
    async with worker_process(database_url, tmp_path) as process:
        await receiver.has(5)
        process.kill()
    receiver.script.clear()
    receiver.hanging.set()
    begun = await following.shop.fetchval(
        "SELECT count(*) FROM platform.webhook_deliveries WHERE state = 'waiting' AND attempts > 0"
    )
    assert begun >= 1, "the worker had begun some"
    # A minute later, so that what the dead worker claimed is due again.
    following.advance(61)
    stop = asyncio.Event()
    background = asyncio.create_task(run_background(following.shop.application, stop))
    try:
        async with asyncio.timeout(60):
            while await following.shop.fetchval(_SETTLED) < NUMBER:  # noqa: ASYNC110 - the database is asked
                await asyncio.sleep(0.1)
    finally:
        stop.set()
        await background
    rows = await following.deliveries()
    assert len(rows) == NUMBER
    assert {row["position"] for row in rows} == set(receiver.positions), "nothing is skipped, nothing invented"
    assert {row["state"] for row in rows} == {"delivered"}


_SETTLED = "SELECT count(*) FROM platform.webhook_deliveries WHERE state = 'delivered'"
