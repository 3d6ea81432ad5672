"""What travels between a caller and the embedder process: a JSON header and raw numbers, each with its length."""

import asyncio
import struct
from dataclasses import dataclass
from typing import Any, cast

import orjson

from bottega.kernel.errors import Unavailable

# 256 texts of 8,000 characters with four bytes each, and what JSON puts around them.
LARGEST_HEADER_BYTES = 10 << 20
# 256 vectors of 384 numbers with four bytes each, and room.
LARGEST_BODY_BYTES = 1 << 20
_LENGTHS = struct.Struct(">II")


class BadFrame(Exception):
    """The other side does not speak this protocol, or broke off in the middle: the connection is of no more use."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message; numbers in `body` are little-endian float32."""

    header: dict[str, Any]
    body: bytes = b""

    def encoded(self) -> bytes:
        header = orjson.dumps(self.header)
        return _LENGTHS.pack(len(header), len(self.body)) + header + self.body


async def read(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame, or None when the other side has finished. Raises `BadFrame`."""
    try:
        lengths = await reader.readexactly(_LENGTHS.size)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise BadFrame("broken off") from None
        return None
    except ConnectionError:
        return None
    header_bytes, body_bytes = cast("tuple[int, int]", _LENGTHS.unpack(lengths))
    if header_bytes > LARGEST_HEADER_BYTES or body_bytes > LARGEST_BODY_BYTES:
        raise BadFrame(f"{header_bytes} and {body_bytes} bytes are too many")
    try:
        header: Any = orjson.loads(await reader.readexactly(header_bytes))
        body = await reader.readexactly(body_bytes)
    except (asyncio.IncompleteReadError, ConnectionError):
        raise BadFrame("broken off") from None
    except orjson.JSONDecodeError:
        raise BadFrame("the header is not JSON") from None
    if not isinstance(header, dict):
        raise BadFrame("the header is not an object")
    return Frame(cast("dict[str, Any]", header), body)


def refusal_record(refusal: Unavailable) -> dict[str, Any]:
    """A refusal for a header."""
    return {
        "code": refusal.code,
        "message": refusal.message,
        "next_step": refusal.next_step,
        "retry_after_seconds": refusal.retry_after_seconds,
    }


def refusal_from(record: dict[str, Any]) -> Unavailable:
    """What `refusal_record` described."""
    return Unavailable(
        record["code"],
        record["message"],
        next_step=record["next_step"],
        retry_after_seconds=record["retry_after_seconds"],
    )
