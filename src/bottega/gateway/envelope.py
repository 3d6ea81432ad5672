"""What surrounds every request: an id, size limits, well-formed bodies, and security headers."""

import json
import re
from typing import Any, cast

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bottega.entrance.refusals import BadRequest, TooLarge, UnsupportedMediaType
from bottega.gateway.problems import problem_response
from bottega.kernel.identifiers import new_id
from bottega.platform.pictures.parts import LARGEST_BYTES

log = structlog.get_logger(__name__)

LARGEST_BODY_BYTES = 1_000_000
LARGEST_TARGET_BYTES = 8_000
DEEPEST_JSON = 32
JSON_ROUTES = "/api/"
# The one route whose body is a file.
PICTURES = re.compile(r"/api/products/[A-Za-z0-9_-]+/pictures")
_SECURITY_HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


class Envelope:
    """Pure ASGI, so that it costs little; the body is read up to its limit before any route sees it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", []),
                    *_SECURITY_HEADERS,
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            body = await _read_body(scope, receive)
        except (BadRequest, TooLarge, UnsupportedMediaType) as refusal:
            await problem_response(refusal)(scope, receive, send_with_headers)
            return
        await self._app(scope, _replay(body, receive), send_with_headers)


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    target = len(scope.get("raw_path") or b"") + len(scope.get("query_string") or b"")
    if target > LARGEST_TARGET_BYTES or b"%00" in (scope.get("raw_path") or b"") + (scope.get("query_string") or b""):
        raise BadRequest("bad_address", "The address is too long or holds a NUL.", next_step="Shorten it.")
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return b""
    is_picture = scope["method"] == "POST" and PICTURES.fullmatch(scope["path"]) is not None
    largest = LARGEST_BYTES if is_picture else LARGEST_BODY_BYTES
    chunks: list[bytes] = []
    size = 0
    while True:
        message: dict[str, Any] = dict(await receive())
        if message["type"] == "http.disconnect":
            raise BadRequest("disconnected", "The request ended early.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > largest:
            raise TooLarge("body_too_large", f"A body has at most {largest} bytes.", next_step="Send less.")
        if not message.get("more_body", False):
            break
    body = b"".join(chunks)
    if body and not is_picture and scope["path"].startswith(JSON_ROUTES):
        _check_media_type(scope)
        _check_json(body)
    return body


def _check_media_type(scope: Scope) -> None:
    found = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    media_type = found.partition(b";")[0].strip().lower()
    if media_type != b"application/json" and not media_type.endswith(b"+json"):
        raise UnsupportedMediaType(
            "not_json", "The body is not announced as JSON.", next_step="Send Content-Type: application/json."
        )


def _check_json(body: bytes) -> None:
    """One reading for everybody: UTF-8 without NUL and lone surrogates, no key twice, no deeper than a stack."""
    if b"\\u0000" in body or b"\0" in body:
        raise BadRequest("nul_character", "The body holds a NUL character.", next_step="Remove it.")
    try:
        if body.count(b"[") + body.count(b"{") > DEEPEST_JSON and _depth(orjson.loads(body)) > DEEPEST_JSON:
            raise ValueError("it is nested too deeply")
        orjson.loads(body)
        json.loads(body, object_pairs_hook=_without_repetition, parse_constant=_refuse_constant)
    except ValueError as error:
        reason = str(error).partition(":")[0][:100]
        raise BadRequest(
            "malformed_json", f"The body cannot be read as JSON: {reason}.", next_step="Send one JSON value in UTF-8."
        ) from None


def _depth(value: Any) -> int:
    """How deeply lists and objects stand inside each other, looking no deeper than is of interest."""
    level: list[Any] = [value]
    depth = 0
    while level and depth <= DEEPEST_JSON:
        nested: list[Any] = [item for item in level if isinstance(item, list | dict)]
        depth += bool(nested)
        level = []
        for item in nested:
            level.extend(cast("dict[str, Any]", item).values() if isinstance(item, dict) else item)
    return depth


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return members


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
