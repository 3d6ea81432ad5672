"""The fault proxy passes webhooks on as it is told to; other tests of races rely on it."""

import asyncio
from collections.abc import AsyncGenerator

import aiohttp
import pytest
from aiohttp import web

from tests.fakes.fault_proxy import FaultProxy, WebhookPlan

UNUSED_UPSTREAM = "http://127.0.0.1:9"


class Receiver:
    """A shop's webhook address."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.signatures: set[str] = set()

    async def receive(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.signatures.add(request.headers["Stripe-Signature"])
        return web.Response()


@pytest.fixture
async def receiver() -> AsyncGenerator[tuple[Receiver, str]]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/", receiver.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield receiver, f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


@pytest.fixture
async def proxy(receiver: tuple[Receiver, str]) -> AsyncGenerator[FaultProxy]:
    proxy = FaultProxy(UNUSED_UPSTREAM)
    await proxy.start()
    proxy.target = receiver[1]
    yield proxy
    await proxy.stop()


async def send(proxy: FaultProxy, *bodies: bytes) -> None:
    async with aiohttp.ClientSession() as session:
        for body in bodies:
            headers = {"Stripe-Signature": "t=1,v1=abc"}
            async with session.post(proxy.webhook_url, data=body, headers=headers) as answer:
                assert answer.status == 200


async def test_passes_on_copies_and_drops(receiver: tuple[Receiver, str], proxy: FaultProxy) -> None:
    proxy.plan = WebhookPlan(copies=3, drop=lambda delivery: delivery.body == b"lost")
    await send(proxy, b"one", b"lost", b"two")
    assert receiver[0].bodies == [b"one"] * 3 + [b"two"] * 3
    assert receiver[0].signatures == {"t=1,v1=abc"}


async def test_holds_and_releases_in_another_order(receiver: tuple[Receiver, str], proxy: FaultProxy) -> None:
    proxy.plan = WebhookPlan(held=True)
    sent = [str(number).encode() for number in range(6)]
    await send(proxy, *sent)
    assert receiver[0].bodies == []
    assert await proxy.release_webhooks(shuffle_seed=1) == 6
    assert sorted(receiver[0].bodies) == sent
    assert receiver[0].bodies != sent
    assert await proxy.release_webhooks() == 0


async def test_a_fault_is_met_as_often_as_it_was_armed(proxy: FaultProxy) -> None:
    proxy.fail_next("server_error_before_effect", "/v1/refunds", times=2)
    proxy.fail_next("rate_limited", "/v1/.*")
    async with aiohttp.ClientSession() as session:
        answers = [await session.post(f"{proxy.url}/v1/refunds") for _ in range(3)]
    assert [answer.status for answer in answers] == [500, 500, 429]
    assert answers[2].headers["Retry-After"] == "3"


async def test_silence_ends_with_the_proxy() -> None:
    proxy = FaultProxy(UNUSED_UPSTREAM)
    await proxy.start()
    proxy.fail_next("silence_before_effect")
    async with aiohttp.ClientSession() as session:
        waiting = asyncio.ensure_future(session.post(f"{proxy.url}/v1/refunds"))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await proxy.stop()
        answers = await asyncio.wait_for(asyncio.gather(waiting, return_exceptions=True), 2)
    assert len(answers) == 1
