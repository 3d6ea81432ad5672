"""A real HTTP receiver of webhooks whose answers a test writes beforehand."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web


@dataclass(frozen=True)
class Received:
    """One request, as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def record(self) -> dict[str, Any]:
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """Answers 200 unless a script says otherwise: a status, or a status with headers, or "hang"."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    script: deque[Any] = field(default_factory=deque)
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        self.received.append(Received(dict(request.headers), await request.read()))
        self.arrived.set()
        self.arrived.clear()
        step: Any = self.script.popleft() if self.script else 200
        if step == "hang":
            await self.hanging.wait()
            step = 200
        status, headers = step if isinstance(step, tuple) else (step, {})
        return web.Response(status=status, headers=headers, text="x" * 100_000)

    async def has(self, number: int) -> None:
        """Waits until so many requests have come."""
        async with asyncio.timeout(30):
            while len(self.received) < number:
                await self.arrived.wait()

    @property
    def positions(self) -> list[int]:
        return [received.record["position"] for received in self.received]


@asynccontextmanager
async def open_receiver() -> AsyncGenerator[Receiver]:
    """Listens on this machine while the context is open."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", receiver.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}/hooks"
    try:
        yield receiver
    finally:
        receiver.hanging.set()
        await runner.cleanup()
