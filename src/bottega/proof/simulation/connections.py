"""Connections of a simulated process: one statement at a time passes the turnstile."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar

from bottega.platform.database.pool import ShopConnection
from bottega.proof.simulation.turnstile import Crashed, Turnstile, current_actor

T = TypeVar("T")
SHOWN_CHARACTERS = 60


class ProcessConnection(ShopConnection):
    """A connection of a process that may die; `process_ids` are the backends that die with it."""

    process_ids: ClassVar[set[int]]


def simulated_connection(turnstile: Turnstile) -> type[ProcessConnection]:
    """The class of the connections of the process that lives now."""
    life = turnstile.life

    class SimulatedConnection(ProcessConnection):
        """What is asked before its statement is chosen is not sent, and after a crash nothing is."""

        process_ids: ClassVar[set[int]] = set()

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.process_ids.add(self.get_server_pid())

        async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109 - asyncpg's signature
            return await self._one(query, lambda: ShopConnection.execute(self, query, *args, timeout=timeout))

        async def executemany(self, command: str, args: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's signature
            await self._one(
                command, lambda: super(SimulatedConnection, self).executemany(command, args, timeout=timeout)
            )

        async def fetch(self, query: str, *args: object, **options: Any) -> Any:
            return await self._one(query, lambda: super(SimulatedConnection, self).fetch(query, *args, **options))

        async def fetchval(self, query: str, *args: object, **options: Any) -> Any:
            return await self._one(query, lambda: super(SimulatedConnection, self).fetchval(query, *args, **options))

        async def fetchrow(self, query: str, *args: object, **options: Any) -> Any:
            return await self._one(query, lambda: super(SimulatedConnection, self).fetchrow(query, *args, **options))

        async def _one(self, query: str, run: Callable[[], Awaitable[T]]) -> T:
            if life != turnstile.life:
                raise Crashed(query)
            if current_actor.get() is None:
                return await run()
            await turnstile.point(label_of(query), life=life)
            async with turnstile.under_way(self.get_server_pid()):
                return await run()

    return SimulatedConnection


def label_of(query: str) -> str:
    """How a statement is named in a trace: its beginning, on one line."""
    return " ".join(query.split())[:SHOWN_CHARACTERS]
