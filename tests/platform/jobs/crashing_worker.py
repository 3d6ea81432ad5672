"""A worker process for the tests that kill it: begins a job, says so in a table, and never ends it."""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any

import asyncpg

from bottega.platform.jobs import Registry, Worker

registry = Registry()


@registry.job("endless")
async def endless(context: Any, payload: Mapping[str, Any]) -> None:
    await context.execute("INSERT INTO public.begun VALUES ($1, $2)", payload["n"], os.getpid())
    await asyncio.sleep(600)


async def main(dsn: str) -> None:
    context = await asyncpg.connect(dsn)
    await Worker(dsn, context, registry=registry).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
