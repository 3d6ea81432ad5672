"""Counting requests to the API before any route or database is reached."""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bottega.entrance import tokens
from bottega.entrance.client_address import Network, client_address
from bottega.entrance.rate_limits import RateLimits
from bottega.entrance.refusals import TooManyRequests
from bottega.gateway.problems import problem_response


class RateLimited:
    """Pure ASGI: counts before any route or database is reached."""

    def __init__(self, app: ASGIApp, rate_limits: RateLimits, trusted_proxies: tuple[Network, ...]) -> None:
        self._app = app
        self._rate_limits = rate_limits
        self._trusted_proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/healthz":
            await self._app(scope, receive, send)
            return
        address = client_address(scope, self._trusted_proxies)
        token = tokens.token_of(HTTPConnection(scope))
        try:
            self._rate_limits.count_request(scope["method"], scope["path"].rstrip("/"), address, token)
        except TooManyRequests as refusal:
            await problem_response(refusal)(scope, receive, send)
            return
        if token is None:
            await self._app(scope, receive, send)
            return

        async def send_counting_refusals(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 401:
                self._rate_limits.count_refused_token(address)
            await send(message)

        await self._app(scope, receive, send_counting_refusals)
