"""A small HTTP/1.1 load client over raw sockets, so that the client takes as little of the machine as it can."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


class Connection:
    """One kept-alive connection; requests go one after the other."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> tuple[int, bytes]:
        """Status and body of the answer."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        content = b"" if body is None else orjson.dumps(body)
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(content)}"]
        if body is not None:
            lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + content)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        if at >= 0:
            length = int(lowered[at + 15 : lowered.index(b"\r\n", at)])
            return status, await self._reader.readexactly(length)
        return status, await self._chunks(self._reader)

    async def _chunks(self, reader: asyncio.StreamReader) -> bytes:
        parts: list[bytes] = []
        while size := int((await reader.readline()).strip(), 16):
            parts.append(await reader.readexactly(size))
            await reader.readline()
        await reader.readline()
        return b"".join(parts)

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._reader = self._writer = None


@dataclass
class Measured:
    """How a load went; latencies in milliseconds."""

    count: int = 0
    failed: int = 0
    seconds: float = 0.0
    latencies_ms: list[float] = field(default_factory=list[float])

    @property
    def per_second(self) -> float:
        return self.count / self.seconds if self.seconds else 0.0

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


async def drive(
    one: Callable[[Connection, int], Awaitable[bool]], *, host: str, port: int, concurrency: int, seconds: float
) -> Measured:
    """Calls `one(connection, number)` over and over from `concurrency` connections; it says whether it went well."""
    measured = Measured()
    numbers = iter(range(10**9))
    end = time.perf_counter() + seconds

    async def shopper() -> None:
        connection = Connection(host, port)
        try:
            while time.perf_counter() < end:
                began = time.perf_counter()
                if await one(connection, next(numbers)):
                    measured.count += 1
                    measured.latencies_ms.append((time.perf_counter() - began) * 1000)
                else:
                    measured.failed += 1
        finally:
            await connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(shopper() for _ in range(concurrency)))
    measured.seconds = time.perf_counter() - began
    return measured
