"""The HTTP client under Stripe's library: httpx, with limits, and with failures that say whether anything was sent.

The library's own httpx client passes the body under a name that httpx deprecates, and has no limits.
"""

from collections.abc import Mapping
from typing import Any

import httpx
import stripe

# Failures before a single byte of the request was sent.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
CONNECT_TIMEOUT_SECONDS = 5.0
LONGEST_CALL_SECONDS = 60.0
LARGEST_POOL = 50


class NeverSent(stripe.APIConnectionError):
    """Stripe was not reached, so it did nothing."""


class HttpTransport(stripe.HTTPClient):
    """Asynchronous calls only; the caller's own deadline comes on top of the timeouts here."""

    name = "httpx"

    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType] (one of its parameters has no type)
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(LONGEST_CALL_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            limits=httpx.Limits(max_connections=LARGEST_POOL, max_keepalive_connections=LARGEST_POOL),
            follow_redirects=False,
        )

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._http.request(method, url, headers=headers, content=post_data or None)
        except _NEVER_SENT as error:
            raise NeverSent(f"Stripe was not reached: {type(error).__name__}", should_retry=False) from error
        except httpx.HTTPError as error:
            message = f"the answer was lost: {type(error).__name__}"
            raise stripe.APIConnectionError(message, should_retry=False) from error
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        await self._http.aclose()
