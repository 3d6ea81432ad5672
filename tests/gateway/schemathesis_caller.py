"""Sends the requests that schemathesis makes into a shop that lives on an event loop of its own."""

import asyncio
import threading
from collections.abc import Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import requests
from schemathesis import Case

from bottega.kernel.identifiers import new_id
from bottega.platform.database import embedded, scratch
from tests.conftest import copy_template, execute, next_database_name
from tests.gateway.people import register
from tests.gateway.populated import Populated, open_populated
from tests.gateway.surface import IDENTIFIER

BASE_URL = "http://shop.test"
CALLERS = ("owner", "customer", "guest", "anonymous")
T = TypeVar("T")


class Caller:
    """Calls as one of the callers; customers who were blocked or signed out on the way are replaced."""

    def __init__(self, loop: asyncio.AbstractEventLoop, populated: Populated) -> None:
        self._loop = loop
        self.populated = populated
        self.ids = populated.ids

    def send(self, case: Case[Any], who: str) -> httpx.Response:
        """The answer to a case as a caller."""
        return self._run(self._send(case, who))

    async def _send(self, case: Case[Any], who: str) -> httpx.Response:
        arguments = case.as_transport_kwargs(base_url=BASE_URL)
        prepared: Any = requests.Request(
            **{name: value for name, value in arguments.items() if name not in ("timeout", "verify", "cert")}
        ).prepare()
        chosen = {name: value for name, value in prepared.headers.items() if name.lower() != "authorization"}
        chosen.update(self.populated.headers(who))
        headers = [(name.encode(), str(value).encode("latin-1", "replace")) for name, value in chosen.items()]
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
        request = httpx.Request(prepared.method, prepared.url, headers=headers, content=body)
        response = await self.populated.shop.client.send(request)
        self.populated.shop.client.cookies.clear()
        if response.status_code == 401 and who == "customer":
            self.populated.customer = await register(self.populated.shop, f"{new_id('req')}@example.com")
        return response

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)


def with_existing(value: Any, ids: dict[str, list[str]], choice: int) -> Any:
    """The same value with each identifier replaced by one that exists, the `choice`-th of its kind."""
    if isinstance(value, dict):
        return {name: with_existing(inner, ids, choice) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_existing(inner, ids, choice) for inner in value]
    if isinstance(value, str) and (match := IDENTIFIER.fullmatch(value)) and ids.get(match[1]):
        return ids[match[1]][choice % len(ids[match[1]])]
    return value


@contextmanager
def open_caller(server: embedded.Server, dropper: ThreadPoolExecutor, directory: Path) -> Generator[Caller]:
    """A populated shop on a loop in a thread, because schemathesis and hypothesis are synchronous."""
    name = next_database_name()
    copy_template(server, name)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opening = open_populated(scratch.dsn_of(server.dsn, name), directory)
    try:
        populated = asyncio.run_coroutine_threadsafe(opening.__aenter__(), loop).result(120)
        yield Caller(loop, populated)
        asyncio.run_coroutine_threadsafe(opening.__aexit__(None, None, None), loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
        dropper.submit(execute, server, f"DROP DATABASE {name} WITH (FORCE)")
