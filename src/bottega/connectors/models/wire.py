"""What one call does on the network: bounded in time and size, and noted, so that a failure can be told exactly."""

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpx2

from bottega.ports.chat_model import CallLimits

CONNECTIONS = 200
IDLE_CONNECTIONS = 20
# Where vendors put their id of a call.
_REQUEST_ID_HEADERS = ("request-id", "x-request-id", "x-amzn-requestid", "x-goog-request-id")
_SENT_BY = ("send_request_headers.started",)


class ReplyTooLarge(Exception):
    """Reading stopped: more arrived than the limits allow."""


@dataclass(slots=True)
class Wire:
    """One call, seen from the network."""

    limits: CallLimits
    sent: bool = False
    too_large: bool = False
    received_bytes: int = 0
    status: int = 0
    request_id: str = ""

    def receive(self, count: int) -> None:
        """Counts what arrived; raises `ReplyTooLarge`."""
        self.received_bytes += count
        if self.received_bytes > self.limits.reply_bytes:
            self.too_large = True
            raise ReplyTooLarge


_current: ContextVar[Wire | None] = ContextVar("bottega_model_wire", default=None)


@contextmanager
def noted_on(wire: Wire) -> Generator[None]:
    """Requests that begin inside are this call's. Nothing may be yielded inside by an asynchronous generator."""
    token = _current.set(wire)
    try:
        yield
    finally:
        _current.reset(token)


def current_wire() -> Wire | None:
    """The call that is being made."""
    return _current.get()


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, inner: Any, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._inner:
            self._wire.receive(len(part))
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _before(request: httpx2.Request) -> None:
    """Replaces the library's own timeouts, which each vendor's package sets differently, by those of the call."""
    # Compressed answers could be small on the network and huge in memory.
    request.headers["Accept-Encoding"] = "identity"
    wire = _current.get()
    if wire is None:
        return
    noted = wire

    async def trace(event: str, _: dict[str, Any]) -> None:
        if event.endswith(_SENT_BY):
            noted.sent = True

    limits = wire.limits
    timeouts = {
        "connect": limits.connect_seconds,
        "pool": limits.connect_seconds,
        "write": limits.total_seconds,
        "read": limits.total_seconds,
    }
    request.extensions = {**request.extensions, "timeout": timeouts, "trace": trace}


async def _after(response: httpx2.Response) -> None:
    wire = _current.get()
    if wire is None:
        return
    wire.status = response.status_code
    wire.request_id = next((response.headers[name] for name in _REQUEST_ID_HEADERS if name in response.headers), "")
    if response.headers.get("content-encoding", "identity") != "identity":
        # Against what was asked for; its real size cannot be bounded here.
        wire.too_large = True
        raise ReplyTooLarge
    response.stream = _Counted(response.stream, wire)


def http_client() -> httpx2.AsyncClient:
    """The client that a vendor's package gets: no redirects (they would carry the key away), no retries."""
    return httpx2.AsyncClient(
        follow_redirects=False,
        limits=httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=IDLE_CONNECTIONS),
        timeout=httpx2.Timeout(60.0, connect=10.0),
        headers={"User-Agent": "bottega"},
        event_hooks={"request": [_before], "response": [_after]},
    )
