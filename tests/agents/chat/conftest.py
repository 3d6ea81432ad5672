"""The shop's own ways in over a counter with a scripted model."""

import asyncio
import contextlib
import dataclasses
import socket
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest_asyncio

from bottega.agents.assistant.role import NAME
from bottega.agents.chat.feed import Feed
from bottega.agents.chat.service import Chat, Desk
from bottega.runtime.engine import Runtime
from tests.agents.counter import Counter, Line
from tests.shop_fixtures import Shop


@dataclass
class Ways:
    """The API of the counter's shop, and what the model will say."""

    counter: Counter
    shop: Shop
    chat: Chat
    desk: Desk

    def model_says(self, *lines: Line) -> None:
        self.counter.script.extend(lines)

    async def guest(self) -> dict[str, str]:
        return await self.shop.guest_headers()

    async def post(self, path: str, body: Any = None, *, headers: dict[str, str], key: str = "") -> httpx.Response:
        keyed = {**headers, "Idempotency-Key": key} if key else headers
        return await self.shop.client.post(path, json=body, headers=keyed)

    async def get(self, path: str, *, headers: dict[str, str]) -> httpx.Response:
        return await self.shop.client.get(path, headers=headers)


@pytest_asyncio.fixture
async def ways(counter: Counter) -> AsyncGenerator[Ways]:
    shop = counter.wardrobe.shop
    performer = shop.application.performer

    async def started() -> Runtime:
        return counter.runtime

    feed = Feed(shop.application.database)
    chat, desk = Chat(started, performer, feed, NAME), Desk(started, performer, feed, NAME)
    context = shop.app.state.context
    shop.app.state.context = dataclasses.replace(context, chat=chat, desk=desk)
    yield Ways(counter, shop, chat, desk)
    await feed.close()
    shop.app.state.context = context


@pytest_asyncio.fixture
async def server(ways: Ways) -> AsyncGenerator[str]:
    """The application behind a real server; gives `ws://…` without the path."""
    from granian.server.embed import Server

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serving = Server(ways.shop.app, port=port, interface="asgi", log_enabled=False)  # pyright: ignore[reportArgumentType] - the server takes an application as well as its name
    task = asyncio.create_task(serving.serve())
    async with httpx.AsyncClient() as client:
        for _ in range(200):
            with contextlib.suppress(httpx.ConnectError):
                if (await client.get(f"http://127.0.0.1:{port}/healthz")).is_success:
                    break
            await asyncio.sleep(0.05)
    yield f"ws://127.0.0.1:{port}"
    serving.stop()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
