"""The frames between callers and the embedder process: what goes in comes out, and nonsense ends the connection."""

import asyncio
import struct

import pytest

from bottega.connectors.minilm import frames
from bottega.ports.embedder import meaning_is_away


async def read(*chunks: bytes) -> frames.Frame | None:
    reader = asyncio.StreamReader()
    for chunk in chunks:
        reader.feed_data(chunk)
    reader.feed_eof()
    return await frames.read(reader)


async def test_there_and_back_in_pieces() -> None:
    frame = frames.Frame({"verb": "embed", "texts": ["Größe", "冬", "\x00"]}, b"\x01\x02\x03\x04")
    encoded = frame.encoded()
    assert await read(*(encoded[n : n + 3] for n in range(0, len(encoded), 3))) == frame


async def test_the_end_is_none() -> None:
    assert await read() is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x00\x00", "broken off"),
        (struct.pack(">II", 10, 0) + b"{}", "broken off"),
        (struct.pack(">II", 2, 4) + b"{}", "broken off"),
        (struct.pack(">II", 3, 0) + b"{,}", "not JSON"),
        (struct.pack(">II", 2, 0) + b"[]", "not an object"),
        (b"GET / HTTP/1.1\r\n\r\n", "too many"),
        (struct.pack(">II", 2, frames.LARGEST_BODY_BYTES + 1), "too many"),
        (struct.pack(">II", frames.LARGEST_HEADER_BYTES + 1, 0), "too many"),
    ],
)
async def test_nonsense_is_a_bad_frame(content: bytes, reason: str) -> None:
    with pytest.raises(frames.BadFrame, match=reason):
        await read(content)


def test_a_refusal_there_and_back() -> None:
    refusal = meaning_is_away("embedder_busy", "many wait.", next_step="Wait.", retry_after_seconds=2.5)
    back = frames.refusal_from(frames.refusal_record(refusal))
    assert back.as_record() == refusal.as_record()
    assert back.retry_after_seconds == 2.5
