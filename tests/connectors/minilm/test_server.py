"""The embedder process against callers that do not keep to its protocol."""

import asyncio
import struct
from pathlib import Path

import pytest

from bottega.connectors.minilm import process_files
from bottega.connectors.minilm.connection import Connection
from bottega.connectors.minilm.embedder import MiniLmEmbedder
from bottega.connectors.minilm.identity import MiniLm
from bottega.connectors.minilm.server import REQUESTS_PER_CONNECTION_LIMIT
from bottega.kernel.errors import Unavailable


@pytest.fixture
def path(embedder: MiniLmEmbedder, data_directory: Path) -> str:
    return process_files.connectable(process_files.locate(MiniLm(data_directory, hub_url=None)))


@pytest.mark.parametrize("content", [b"GET / HTTP/1.1\r\n\r\n", struct.pack(">II", 2, 0) + b"[]", b"\xff" * 64])
async def test_nonsense_ends_that_connection_alone(path: str, embedder: MiniLmEmbedder, content: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(content)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    assert len(await embedder.embed(["a coat"], purpose="query", timeout_seconds=30)) == 1


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"verb": "sing"}, "embedder_verb_unknown"),
        ({}, "embedder_verb_unknown"),
        ({"verb": "embed", "texts": [""]}, "blank_text"),
        ({"verb": "embed", "texts": ["x"] * 257}, "too_many_texts"),
        ({"verb": "embed"}, "embedder_request_malformed"),
        ({"verb": "embed", "texts": "a coat"}, "embedder_request_malformed"),
        ({"verb": "embed", "texts": [7]}, "embedder_request_malformed"),
        ({"verb": "embed", "texts": ["x"], "budget_seconds": "soon"}, "embedder_request_malformed"),
    ],
)
async def test_a_request_that_is_none_is_refused(
    path: str, embedder: MiniLmEmbedder, header: dict[str, object], code: str
) -> None:
    connection = await Connection.open(path)
    with pytest.raises(Unavailable) as caught:
        await asyncio.wait_for(connection.request(header), 5)
    assert caught.value.code == code
    assert len((await connection.request({"verb": "embed", "texts": ["a coat"]})).body) == 384 * 4
    await connection.close()


async def test_one_connection_may_not_ask_for_everything_at_once(path: str, embedder: MiniLmEmbedder) -> None:
    connection = await Connection.open(path)
    request = {"verb": "embed", "purpose": "passage", "texts": ["a long text about coats " * 40] * 10}
    requests = [connection.request(request) for _ in range(REQUESTS_PER_CONNECTION_LIMIT + 1)]
    results = await asyncio.wait_for(asyncio.gather(*requests, return_exceptions=True), 30)
    assert {result.code for result in results if isinstance(result, Unavailable)} == {"embedder_lost"}
    await connection.close()
    assert len(await embedder.embed(["a coat"], purpose="query", timeout_seconds=30)) == 1


async def test_a_connection_that_is_gone_answers_no_request(path: str, embedder: MiniLmEmbedder) -> None:
    connection = await Connection.open(path)
    await connection.close()
    with pytest.raises(Unavailable) as caught:
        await connection.request({"verb": "status"})
    assert caught.value.code == "embedder_lost"
