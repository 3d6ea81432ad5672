"""A proxy before a fake vendor that fails on demand, both for calls to it and for webhooks from it."""

import asyncio
import contextlib
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
from aiohttp import web

from tests.fakes.stripe_semantics import Call, Reply, StripeSemantics

FaultKind = Literal[
    "silence_before_effect",  # the request is swallowed and nothing comes back
    "silence_after_effect",  # it is carried out and nothing comes back
    "server_error_before_effect",
    "server_error_after_effect",
    "hang_up_after_effect",  # it is carried out and the connection is cut
    "repeated",  # the network delivers it twice; the second answer comes back
    "rate_limited",
    "delayed",
]

LONGEST_SILENCE_SECONDS = 30.0
RETRY_AFTER_SECONDS = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next calls whose method and path match."""

    kind: FaultKind
    path: str = r".*"
    method: str = "POST"
    times: int = 1
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook as the vendor sent it."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class WebhookPlan:
    """How webhooks are passed on: how many copies of each, which are dropped, and whether they wait to be released."""

    copies: int = 1
    drop: Callable[[Delivery], bool] = field(default=lambda _: False)
    held: bool = False


class FaultProxy:
    """Listens on `url` for calls and on `webhook_url` for webhooks, which go on to `target` when one is set."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.webhooks: list[Delivery] = []
        self.plan = WebhookPlan()
        self.target: str | None = None
        self.calls: list[tuple[str, str]] = []
        self._faults: list[Fault] = []
        self._ended = asyncio.Event()
        self._arrived = asyncio.Condition()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/webhooks", self._receive_webhook)
        app.router.add_route("*", "/v1/{rest:.*}", self._receive_call)
        self._session = aiohttp.ClientSession()
        self._semantics = StripeSemantics(self._session, self.upstream)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.webhook_url = f"{self.url}/webhooks"

    async def stop(self) -> None:
        self._ended.set()
        await self._runner.cleanup()
        await self._session.close()

    def fail_next(
        self, kind: FaultKind, path: str = r".*", *, method: str = "POST", times: int = 1, seconds: float = 0.0
    ) -> None:
        """Arm a fault for the next matching calls."""
        self._faults.append(Fault(kind, path, method, times, seconds))

    async def wait_for_webhooks(self, wanted: Callable[[Delivery], bool], count: int) -> list[Delivery]:
        """The first deliveries that match, as soon as there are so many."""
        async with self._arrived, asyncio.timeout(10):
            await self._arrived.wait_for(lambda: sum(map(wanted, self.webhooks)) >= count)
        return [delivery for delivery in self.webhooks if wanted(delivery)]

    async def release_webhooks(self, *, shuffle_seed: int | None = None) -> int:
        """Pass on what was held, in order or shuffled; how many deliveries were made."""
        waiting = [copy for delivery in self.webhooks for copy in [delivery] * self.plan.copies]
        waiting = [delivery for delivery in waiting if not self.plan.drop(delivery)]
        if shuffle_seed is not None:
            random.Random(shuffle_seed).shuffle(waiting)
        self.webhooks.clear()
        await asyncio.gather(*(self._pass_on(delivery) for delivery in waiting))
        return len(waiting)

    def _take_fault(self, method: str, path: str) -> Fault | None:
        for index, fault in enumerate(self._faults):
            if fault.method == method and re.fullmatch(fault.path, path):
                left = fault.times - 1
                replacement = [Fault(fault.kind, fault.path, fault.method, left, fault.seconds)] if left else []
                self._faults[index : index + 1] = replacement
                return fault
        return None

    async def _receive_call(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.method, request.path, request.query_string, request.headers, await request.read())
        self.calls.append((call.method, call.path))
        fault = self._take_fault(call.method, call.path)
        match fault and fault.kind:
            case None:
                return _response(await self._semantics.answer(call))
            case "silence_before_effect":
                return await self._say_nothing()
            case "silence_after_effect":
                await self._semantics.answer(call)
                return await self._say_nothing()
            case "server_error_before_effect":
                return _server_error()
            case "server_error_after_effect":
                await self._semantics.answer(call)
                return _server_error()
            case "hang_up_after_effect":
                await self._semantics.answer(call)
                assert request.transport is not None
                request.transport.close()
                return web.Response()
            case "repeated":
                await self._semantics.answer(call)
                return _response(await self._semantics.answer(call))
            case "rate_limited":
                body = {"error": {"type": "invalid_request_error", "code": "rate_limit"}}
                return web.json_response(body, status=429, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
            case "delayed":
                assert fault is not None
                await asyncio.sleep(fault.seconds)
                return _response(await self._semantics.answer(call))

    async def _say_nothing(self) -> web.Response:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), LONGEST_SILENCE_SECONDS)
        return _server_error()

    async def _receive_webhook(self, request: web.Request) -> web.Response:
        delivery = Delivery(dict(request.headers), await request.read())
        async with self._arrived:
            self.webhooks.append(delivery)
            self._arrived.notify_all()
        if not self.plan.held and self.target is not None and not self.plan.drop(delivery):
            await asyncio.gather(*(self._pass_on(delivery) for _ in range(self.plan.copies)))
        return web.Response()

    async def _pass_on(self, delivery: Delivery) -> None:
        assert self.target is not None, "webhooks are passed on, but no target is set"
        names = ("content-type", "stripe-signature")
        headers = {name: value for name, value in delivery.headers.items() if name.lower() in names}
        async with self._session.post(self.target, data=delivery.body, headers=headers) as response:
            await response.read()


def _response(reply: Reply) -> web.Response:
    headers = {"Request-Id": "req_test"}
    if reply.replayed:
        headers["Idempotent-Replayed"] = "true"
    return web.json_response(reply.body, status=reply.status, headers=headers)


def _server_error() -> web.Response:
    return web.json_response({"error": {"type": "api_error", "message": "try again later"}}, status=500)
