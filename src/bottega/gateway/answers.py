"""How answers look: JSON, ETags, and pages with cursors."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from bottega.kernel.errors import Invalid

LARGEST_PAGE = 100
DEFAULT_PAGE = 20

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """A page of a list; pass `next_cursor` as `cursor` for the next one, null means the end."""

    items: list[T]
    next_cursor: str | None = Field(default=None)


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; pydantic records, dataclasses, datetimes and decimals are understood."""
    return Response(_encode(value), status, headers, "application/json")


def answer_with_etag(request: Request, value: Any) -> Response:
    """A JSON answer with a strong ETag; 304 without a body when the caller has it already."""
    body = value if isinstance(value, bytes) else _encode(value)
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": etag})
    return Response(body, 200, {"ETag": etag}, "application/json")


def page(items: Sequence[Any], limit: int, key: Callable[[Any], str]) -> dict[str, Any]:
    """A page out of `limit + 1` fetched items: the extra one only says that there is more."""
    shown = list(items[:limit])
    more = len(items) > limit
    return {"items": shown, "next_cursor": encode_cursor(key(shown[-1])) if more else None}


def card_page(cards: Sequence[str], next_position: str | None, about: dict[str, Any] | None = None) -> bytes:
    """A page of items that are JSON text already, as the database made them; `about` has further members."""
    cursor = b"null" if next_position is None else b'"%b"' % encode_cursor(next_position).encode()
    more = b"" if not about else b"," + _encode(about)[1:-1]
    return b'{"items":[%b],"next_cursor":%b%b}' % (",".join(cards).encode(), cursor, more)


def encode_cursor(position: str) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str:
    """The position in a cursor, empty for the beginning; `Invalid` for one we did not make."""
    if not cursor:
        return ""
    try:
        position = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        position = "\0"
    if "\0" in position:
        raise Invalid("bad_cursor", "This cursor is not one of ours.", next_step="Take next_cursor from an answer.")
    return position


def _encode(value: Any) -> bytes:
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return str(value)
