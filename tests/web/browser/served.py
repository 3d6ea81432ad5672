"""An application behind a real server of this process, so that a browser can reach it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

STARTS_WITHIN_SECONDS = 10


@contextlib.asynccontextmanager
async def served(app: ASGIApp) -> AsyncGenerator[str]:
    """Serves it on a free port of this machine; gives `http://127.0.0.1:…`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    server = Server(app, port=port, interface=Interfaces.ASGINL, log_enabled=False)
    task = asyncio.create_task(server.serve())
    await _answers(base)
    try:
        yield base
    finally:
        server.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)


async def _answers(base: str) -> None:
    async with httpx.AsyncClient() as client, asyncio.timeout(STARTS_WITHIN_SECONDS):
        while True:
            with contextlib.suppress(httpx.ConnectError):
                if (await client.get(f"{base}/healthz")).is_success:
                    return
            await asyncio.sleep(0.02)
