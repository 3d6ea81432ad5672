"""Connections to the database: one pool that writes, one that can only read."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any, TypeAlias, cast

import asyncpg
import orjson

from bottega.kernel.errors import Unavailable
from bottega.platform.database.turns import Turns

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Row: TypeAlias = asyncpg.Record

COMMAND_TIMEOUT_SECONDS = 30
# A transaction that waits longer than this for a row lock is refused: somebody else holds the row far too long.
LOCK_TIMEOUT_SECONDS = 10
IDLE_IN_TRANSACTION_TIMEOUT_SECONDS = 60
# Searching keeps a processor busy: more at once would only wait for each other inside the database.
SEARCHERS = 4
# Prepared statements that a connection keeps. Searches are as many as there are shapes of conditions.
STATEMENTS_KEPT, SEARCHES_KEPT = 100, 400
# How long to wait for a free connection: beyond it the process has more work than it can do.
ACQUIRE_TIMEOUT_SECONDS = 10


_PLAN_FOR_VALUES, _PLAN_FOR_ANY = "SET plan_cache_mode = force_custom_plan", "RESET plan_cache_mode"


class ShopConnection(asyncpg.Connection):  # pyright: ignore[reportMissingTypeArgument] - not subscriptable at run time
    """A connection that sends nothing when it goes back to the pool: no code of ours leaves session state behind.

    Except for what `plan_for_values` asks for, which is taken back then at the latest.
    """

    _opening: str | None = None
    _plans_for_values = False

    def open_with(self, opening: str | None) -> None:
        """Sends `opening` together with the next BEGIN, which saves a round trip; None takes it back."""
        self._opening = opening

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109 - asyncpg's signature
        """As asyncpg's own, by which its transactions begin."""
        if query == "BEGIN;" and self._opening is not None:
            query, self._opening = f"BEGIN; {self._opening}", None
        return await super().execute(query, *args, timeout=timeout)

    async def plan_for_values(self, *, wanted: bool) -> None:
        """See the functions `plan_for_values` and `plan_for_any`."""
        if wanted is not self._plans_for_values:
            # Whoever is interrupted here has the connection set back when it returns, whatever was done by then.
            self._plans_for_values = True
            await super().execute(_PLAN_FOR_VALUES if wanted else _PLAN_FOR_ANY)
            self._plans_for_values = wanted

    def get_reset_query(self) -> str:
        left, self._plans_for_values = self._plans_for_values, False
        return _PLAN_FOR_ANY if left else ""


async def plan_for_values(connection: Connection) -> None:
    """From now on statements are planned for the values that they are given, until `plan_for_any` or the pool says so.

    Planning takes up to a millisecond each time, and pays where a condition may be met by nothing or by everything.
    """
    await cast("ShopConnection", connection).plan_for_values(wanted=True)


async def plan_for_any(connection: Connection) -> None:
    """Takes back `plan_for_values`; sends nothing where there is nothing to take back."""
    await cast("ShopConnection", connection).plan_for_values(wanted=False)


async def speak_json(connection: Any) -> None:
    """Lets a connection take and give json and jsonb as Python values; bytes are taken as JSON text."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, encoder=_encode_json, decoder=orjson.loads, schema="pg_catalog", format="text"
        )


def _encode_json(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else orjson.dumps(value).decode()


def database_of(connection: Connection) -> str:
    """Which database a connection is to: what a process remembers of one must not be used for another."""
    parameters: Any = getattr(connection, "_params", None)
    return f"{getattr(parameters, 'database', '')}@{getattr(connection, '_addr', '')}"


class Database:
    """The pools of one process: one that writes, one that reads, one that searches."""

    def __init__(
        self, dsn: str, writers: "asyncpg.Pool[Any]", readers: "asyncpg.Pool[Any]", searchers: "asyncpg.Pool[Any]"
    ) -> None:
        self.dsn = dsn
        self._writers = writers
        self._readers = readers
        self._searchers = searchers
        self._turns: Turns | None = None

    def search_in_turns(self, turns: Turns) -> None:
        """From now on searches wait for a turn; for a server on this machine, whose processors the turns count."""
        self._turns = turns

    @property
    def pools(self) -> "tuple[asyncpg.Pool[Any], ...]":
        """All of them."""
        return self._writers, self._readers, self._searchers

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        writers: int = 10,
        readers: int = 10,
        connection_class: type[ShopConnection] = ShopConnection,
        all_at_once: bool = False,
    ) -> "Database":
        """Connect; raises `Unavailable` naming the cause when the server does not answer.

        With `all_at_once` every connection is made now, none later.
        """
        try:
            pools = [
                await _pool(dsn, size, connection_class, size if all_at_once else at_once, settings)
                for size, at_once, settings in (
                    (writers, 1, _WRITING),
                    (readers, 1, _READING),
                    (min(readers, SEARCHERS), 0, _SEARCHING),
                )
            ]
            return cls(dsn, *pools)
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            raise Unavailable(
                "database_unreachable",
                f"The database does not answer: {error}",
                next_step="Check `bottega db status` or DATABASE_URL.",
            ) from error

    async def close(self) -> None:
        """Close the pools, waiting for work under way."""
        for pool in self.pools:
            await pool.close()
        if self._turns is not None:
            self._turns.close()

    def terminate(self) -> None:
        """Cut every connection, whatever it is doing."""
        for pool in self.pools:
            pool.terminate()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Connection]:
        """A connection on which every statement is its own read-only transaction."""
        async with _acquired(self._readers) as connection:
            yield cast("Connection", connection)

    @asynccontextmanager
    async def search(self) -> AsyncGenerator[Connection]:
        """As `read`, for searches; a statement whose best plan depends on its values asks for that."""
        turn = nullcontext() if self._turns is None else self._turns.turn()
        async with turn, _acquired(self._searchers) as connection:
            yield cast("Connection", connection)

    @asynccontextmanager
    async def read_snapshot(self) -> AsyncGenerator[Connection]:
        """A read-only transaction in which all statements see the same data."""
        async with _acquired(self._readers) as connection, connection.transaction(isolation="repeatable_read"):
            yield cast("Connection", connection)

    @asynccontextmanager
    async def write(self, entry_id: str | None = None) -> AsyncGenerator[Connection]:
        """A read-committed transaction; leaving by an exception rolls it back.

        With `entry_id` it may change the shop: what it changes belongs to that entry of the log.
        """
        assert entry_id is None or entry_id.replace("_", "").isalnum(), "identifiers are made by us"
        async with _acquired(self._writers) as connection:
            connection.open_with(
                None if entry_id is None else f"SELECT set_config('bottega.entry', '{entry_id}', true)"
            )
            async with connection.transaction():
                yield cast("Connection", connection)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """A writing connection without a transaction, for single statements and LISTEN."""
        async with _acquired(self._writers) as connection:
            yield cast("Connection", connection)


@asynccontextmanager
async def _acquired(pool: "asyncpg.Pool[Any]") -> AsyncGenerator[Any]:
    """A connection of a pool; `TimeoutError` when none becomes free in time."""
    async with asyncio.timeout(ACQUIRE_TIMEOUT_SECONDS):
        connection = await pool.acquire()
    try:
        yield connection
    finally:
        await pool.release(connection)


# What an action runs finds rows by key: a new plan for each call cost a fifth of an order's database time.
_WRITING = {"default_transaction_read_only": "off", "plan_cache_mode": "force_generic_plan"}
_READING = {"default_transaction_read_only": "on", "plan_cache_mode": "auto"}
# How a search looks things up is written into its statements, and planning them anew took an eighth of its time; what
# a condition leaves is asked for by `plan_for_values`. The scan of vectors goes on until enough of them meet the
# condition, in strict order and not without end; another process that helps a search takes from the next one.
_SEARCHING = {
    "default_transaction_read_only": "on",
    "plan_cache_mode": "force_generic_plan",
    "random_page_cost": "0.1",
    "seq_page_cost": "0.1",
    "max_parallel_workers_per_gather": "0",
    "hnsw.iterative_scan": "strict_order",
    "hnsw.ef_search": "60",
    "hnsw.max_scan_tuples": "400",
}


async def _pool(
    dsn: str, size: int, connection_class: type[ShopConnection], at_once: int, settings: Mapping[str, str]
) -> "asyncpg.Pool[Any]":
    return await asyncpg.create_pool(
        dsn,
        min_size=at_once,
        max_size=size,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        statement_cache_size=SEARCHES_KEPT if settings is _SEARCHING else STATEMENTS_KEPT,
        max_inactive_connection_lifetime=300,
        connection_class=connection_class,
        init=speak_json,
        server_settings={
            "application_name": "bottega",
            "timezone": "UTC",
            "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
            "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_TIMEOUT_SECONDS}s",
            "jit": "off",
            **settings,
        },
    )
