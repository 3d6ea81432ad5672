"""What surrounds every page: its id, limits, the origin of what is sent, and headers that make browsers strict."""

from collections.abc import Sequence

import structlog
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bottega.entrance import tokens
from bottega.entrance.client_address import client_address
from bottega.entrance.context import ServingContext
from bottega.entrance.identity import READING, refuse_other_sites
from bottega.entrance.refusals import BadRequest, status_of
from bottega.kernel.errors import Refusal
from bottega.kernel.identifiers import new_id
from bottega.web.assets import PREFIX
from bottega.web.faces import PUBLIC_PREFIX, Face
from bottega.web.wording import for_shoppers

log = structlog.get_logger(__name__)

LARGEST_TARGET_BYTES = 8_000
# Scripts, styles and forms are our own; pictures of imported catalogues come from anywhere, and nothing frames us.
POLICY = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' data: https: http:; "
    "font-src 'self'; connect-src 'self'{connections}; frame-src {frames}; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'"
)
OWN_POLICY = POLICY.format(scripts="", connections="", frames="'none'")
# Only the page on which a card is typed into the provider's own field.
STRIPE_POLICY = POLICY.format(
    scripts=" https://js.stripe.com",
    connections=" https://api.stripe.com",
    frames="https://js.stripe.com https://hooks.stripe.com",
)
POLICY_HEADER = "Content-Security-Policy"
_SECURITY_HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]


class PageEnvelope:
    """Pure ASGI, before any route: a write from another site reaches no page, whatever the page forgot to check."""

    def __init__(self, app: ASGIApp, context: ServingContext, faces: Sequence[Face]) -> None:
        self._app = app
        self._context = context
        self._faces = faces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given: list[tuple[bytes, bytes]] = list(message.get("headers", []))
                message["headers"] = [*given, *_SECURITY_HEADERS, (b"x-request-id", request_id.encode())]
                if not any(name == b"content-security-policy" for name, _ in given):
                    message["headers"].append((b"content-security-policy", OWN_POLICY.encode()))
            await send(message)

        try:
            self._admit(scope)
        except Refusal as refusal:
            answer = PlainTextResponse(for_shoppers(refusal), status_of(refusal), {"Cache-Control": "no-store"})
            await answer(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _admit(self, scope: Scope) -> None:
        """Refuses what is too long, too often, or a write that does not come from our own pages."""
        target = (scope.get("raw_path") or b"") + (scope.get("query_string") or b"")
        if len(target) > LARGEST_TARGET_BYTES or b"%00" in target:
            raise BadRequest("bad_address", "This address is too long or malformed.")
        if scope["method"] in READING and scope["path"].startswith((PREFIX, PUBLIC_PREFIX)):
            return
        request = Request(scope)
        if scope["method"] not in READING:
            refuse_other_sites(request, self._context, certain=True)
        address = client_address(scope, self._context.trusted_proxies)
        cookie = next((face.cookie for face in self._faces if face.holds(scope["path"])), tokens.COOKIE)
        token = tokens.token_of(HTTPConnection(scope), cookie)
        self._context.rate_limits.count_request(scope["method"], scope["path"].rstrip("/"), address, token)
