"""How many SQL statements one whole order costs, counted on every connection, transactions included."""

from pathlib import Path
from typing import Any

import httpx

from benchmarks.load_client import Connection
from bottega.bootstrap import open_application, web_app
from bottega.settings import Settings


async def statements_per_order(directory: Path) -> int:
    """Statements that the process's pools send during one checkout of seven calls."""
    from benchmarks.shop import Shopping, whole_checkout

    settings = Settings(_env_file=None, data_dir=directory)  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument
    seen: list[str] = []
    async with open_application(settings) as application:
        transport = httpx.ASGITransport(app=web_app(application))
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            async with application.database.read() as connection:
                variants = await connection.fetch("SELECT id FROM shop.variants ORDER BY id LIMIT 20")
                method = await connection.fetchval("SELECT id FROM shop.shipping_methods LIMIT 1")
            shopping = Shopping([row["id"] for row in variants], [], method, 0)
            shopper = _InProcess(client)
            # The first order opens connections and reads what is kept for some seconds.
            await whole_checkout(shopper, shopping, 1)

            def note(record: Any) -> None:
                # One message may carry several statements: each of them counts.
                seen.extend(part for part in record.query.split(";") if part.strip())

            for each in connections_of(application.database):
                each.add_query_logger(note)
            await whole_checkout(shopper, shopping, 2)
    return len(seen)


class _InProcess(Connection):
    """The load client's interface over an in-process client."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__("bench", 0)
        self._client = client

    async def request(self, method: str, path: str, *, headers: Any = None, body: Any = None) -> tuple[int, bytes]:
        answer = await self._client.request(method, path, headers=headers, json=body)
        return answer.status_code, answer.content


def connections_of(database: Any) -> list[Any]:
    """The open connections of both pools; asyncpg has no public way to them."""
    holders = [holder for pool in (database._writers, database._readers) for holder in pool._holders]
    return [holder._con for holder in holders if holder._con is not None]
