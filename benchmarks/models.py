"""Models: what the router adds to a call, in time and statements."""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.statements import connections_of
from bottega.connectors.sandbox.chat_model import ScriptedChatModel
from bottega.platform.clock import SystemClock
from bottega.platform.database import embedded
from bottega.platform.database.migrate import migrate
from bottega.platform.database.pool import Database
from bottega.ports.chat_model import ChatReply, ChatRequest, ModelCapabilities, SystemMessage, Usage, UserMessage
from bottega.runtime.models.breakers import Breakers
from bottega.runtime.models.budgets import BudgetLimits, Budgets, PeriodLimits
from bottega.runtime.models.cache import ReplyCache
from bottega.runtime.models.call import ModelCall
from bottega.runtime.models.prices import FREE, Price, SetPrice
from bottega.runtime.models.route import Route
from bottega.runtime.models.router import Router, RouterParts

REQUEST = ChatRequest((SystemMessage("You are a clerk. " * 40), UserMessage("Is the tent in stock?")))
CALL = ModelCall("chat", "assistant", run_id="run_1")
REPLY = ChatReply("Two are left.", usage=Usage(200, 20))
PAID = SetPrice(Decimal(1), Decimal(5))
LARGE = PeriodLimits(10**12, 10**12)
CONCURRENCY = 8
WARM_UP_CALLS = 50


def router(database: Database, price: Price, limits: BudgetLimits, engine: ScriptedChatModel) -> Router:
    """A router with one route, whose model answers at once."""
    clock = SystemClock()
    parts = RouterParts(
        database,
        clock,
        Budgets(database, clock, limits),
        Breakers(database, clock),
        ReplyCache(database, clock, secret=b"benchmark"),
    )
    level = "local" if price is FREE else "small"
    return Router(parts, [Route("scripted", level, engine, price)], engine)


async def measured(call: Callable[[int], Awaitable[object]], times: int) -> tuple[float, float, float, float]:
    """Milliseconds alone (p50, p95) and of this process's processor, and calls a second at concurrency 8."""
    for number in range(WARM_UP_CALLS):
        await call(number)
    alone: list[float] = []
    computed = time.process_time()
    for number in range(times):
        began = time.perf_counter()
        await call(number)
        alone.append((time.perf_counter() - began) * 1e3)
    computed = (time.process_time() - computed) * 1e3 / times
    numbers = iter(range(times))

    async def one_of_eight() -> None:
        for number in numbers:
            await call(number)

    began = time.perf_counter()
    await asyncio.gather(*(one_of_eight() for _ in range(CONCURRENCY)))
    together = times / (time.perf_counter() - began)
    steps = quantiles(alone, n=100)
    return steps[49], steps[94], computed, together


async def statements(database: Database, call: Callable[[int], Awaitable[object]]) -> float:
    """SQL statements that one call sends, over a hundred of them."""
    seen: list[str] = []

    def note(record: Any) -> None:
        seen.append(record.query)

    for connection in connections_of(database):
        connection.add_query_logger(note)
    for number in range(100):
        await call(number)
    return len(seen) / 100


async def main_on(dsn: str, times: int) -> None:
    """Measures on a database, which is migrated first."""
    await migrate(dsn)
    database = await Database.open(dsn, writers=10, readers=4)
    engine = ScriptedChatModel(_answer, capabilities=ModelCapabilities(context_tokens=100_000))
    free = router(database, FREE, BudgetLimits(), engine)
    paid = router(database, PAID, BudgetLimits(LARGE, {"assistant": LARGE}, 10**12), engine)
    print(f"{'':44}{'p50 ms':>9}{'p95 ms':>9}{'cpu ms':>9}{'calls/s':>10}")
    ways: dict[str, Callable[[int], Awaitable[object]]] = {
        "the model alone": lambda _: engine.complete(REQUEST),
        "routed, free": lambda _: free.complete(CALL, REQUEST),
        "routed, five budgets, one run": lambda _: paid.complete(CALL, REQUEST),
        "routed, five budgets, a run each": lambda number: paid.complete(
            replace(CALL, run_id=f"run_{number}"), REQUEST
        ),
    }
    for name, way in ways.items():
        engine.requests.clear()
        p50, p95, computed, together = await measured(way, times)
        print(f"{name:44}{p50:9.2f}{p95:9.2f}{computed:9.2f}{together:10,.0f}")
    for name, way in ways.items():
        print(f"{name:44}{await statements(database, way):9.2f} statements")
    await database.close()
    print(f"load averages: {', '.join(f'{average:.1f}' for average in os.getloadavg())}")


def _answer(_: ChatRequest, __: int) -> ChatReply:
    return REPLY


def main() -> None:
    """Prints the table: `python benchmarks/models.py [--calls N] [--dsn DSN]`, on an embedded database by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--dsn", default=os.environ.get("DATABASE_URL", ""))
    options = parser.parse_args()
    if options.dsn:
        asyncio.run(main_on(options.dsn, options.calls))
        return
    with tempfile.TemporaryDirectory(prefix="bottega-bench-models-") as directory:
        try:
            asyncio.run(main_on(embedded.start(Path(directory)).dsn, options.calls))
        finally:
            embedded.reset(Path(directory))


if __name__ == "__main__":
    main()
