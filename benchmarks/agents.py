"""Agent turns: durable ones of ours beside the same turn on bare pydantic-ai, in the same run on the same machine.

`python benchmarks/agents.py [--seconds N] [--concurrency N] [--json FILE]`, or `bottega bench agents`. A turn is: a
message, a scripted model that calls one tool, the tool, the model's reply. Ours is heard, journalled phase by phase,
guarded, and survives the process; the bare one keeps nothing. Two tools: one reads a product, one puts it into a cart
by an action under policy and log. The model answers at once, so all of the time is ours.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Run as a file, Python puts this folder on the path instead of the project's root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import shop_process
from benchmarks.page import Row, write_page
from bottega.bootstrap import Application, derived_secret, open_application
from bottega.connectors.sandbox.chat_model import ScriptedChatModel
from bottega.kernel.identifiers import new_id
from bottega.ports.chat_model import ChatReply, ChatRequest, ToolCall, ToolResult
from bottega.runtime.context import RunContext
from bottega.runtime.engine import Runtime
from bottega.runtime.guard.full import full_guard
from bottega.runtime.models.breakers import Breakers
from bottega.runtime.models.budgets import BudgetLimits, Budgets
from bottega.runtime.models.cache import ReplyCache
from bottega.runtime.models.router import Router, RouterParts
from bottega.runtime.role import Role
from bottega.runtime.run import Principal
from bottega.runtime.sessions import Message
from bottega.runtime.tools import ActionTool, QueryTool
from bottega.settings import Settings
from bottega.shop.carts.actions import AddCartLine, CreateCart

PRODUCTS = 50
TURNS_PER_SESSION = 5
NOUNS = {"prd": "product", "var": "variant", "crt": "cart", "cln": "cartline"}
ASKED_TURNS_PER_SECOND = 150
ASKED_OWN_MILLISECONDS = 15
SAID = "One of the first, please."
ANSWER = "There you are."


@dataclass
class Load:
    """How many turns were made in how long; latencies in milliseconds."""

    seconds: float
    latencies: list[float] = field(default_factory=list[float])
    process_seconds: float = 0.0
    database_seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency that this share of the turns stayed within."""
        ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


async def drive(turn: Callable[[int, int], Awaitable[None]], seconds: float, concurrency: int, directory: Path) -> Load:
    """Clients that take turns one after the other, for as long as it lasts, over the database of that directory."""
    latencies: list[float] = []
    processor, database = _processor_seconds(), shop_process.database_seconds(directory)
    began = time.perf_counter()

    async def client(number: int) -> None:
        count = 0
        while time.perf_counter() - began < seconds:
            start = time.perf_counter()
            await turn(number, count)
            latencies.append(1000 * (time.perf_counter() - start))
            count += 1

    await asyncio.gather(*(client(number) for number in range(concurrency)))
    seconds_taken = time.perf_counter() - began
    used = shop_process.database_seconds(directory) - database
    return Load(seconds_taken, latencies, _processor_seconds() - processor, used)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def first_product(context: RunContext) -> dict[str, Any]:
    """Reads the first product of the catalogue with its price."""
    async with context.read() as connection:
        return await _first_product(connection)


async def _first_product(connection: Any) -> dict[str, Any]:
    row = await connection.fetchrow(
        "SELECT p.id, p.title, v.id AS variant_id, r.amount_minor AS price_minor, r.currency "
        "FROM shop.products p JOIN shop.variants v ON v.product_id = p.id JOIN shop.prices r ON r.variant_id = v.id "
        "ORDER BY p.id LIMIT 1"
    )
    return dict(row)


def script(tool: str) -> Callable[[ChatRequest, int], ChatReply]:
    """A model that calls the tool once and then answers."""

    def reply(request: ChatRequest, number: int) -> ChatReply:
        if isinstance(request.messages[-1], ToolResult):
            return ChatReply(ANSWER)
        return ChatReply("", (ToolCall(f"c{number}", tool, {}),))

    return reply


async def _cart(context: RunContext, _: Mapping[str, Any]) -> Any:
    return context.slots["cart_id"]


async def _variant(context: RunContext, _: Mapping[str, Any]) -> Any:
    return context.slots["variant_id"]


READING = Role("reader", "You help customers of a shop.", (QueryTool(first_product, nouns=NOUNS),))
CHANGING = Role(
    "seller",
    "You help customers of a shop.",
    (ActionTool(AddCartLine, NOUNS, fills={"cart_id": _cart, "variant_id": _variant}, given_name="add_first"),),
)


class Ours:
    """Our runtime over the shop, with the router that production has."""

    def __init__(self, application: Application, runtime: Runtime, customer: str) -> None:
        self._application = application
        self._runtime = runtime
        self._principal = Principal("customer", customer, customer)

    async def turn(self, role: str, client: int, count: int) -> None:
        """One turn; every few of them a new conversation with a cart of its own."""
        session = f"{role}-{client}-{count // TURNS_PER_SESSION}"
        if count % TURNS_PER_SESSION == 0:
            await self._open(session, role)
        turn = await self._runtime.hear(Message(session, SAID, f"m{count}"))
        assert turn.reply is not None, turn
        assert turn.reply["text"] == ANSWER, turn.reply

    async def _open(self, session: str, role: str) -> None:
        await self._runtime.open_session(session, role, self._principal)
        if role == CHANGING.name:
            application = self._application
            action = CreateCart(customer_id=self._principal.id)
            made = (await application.performer.perform(action, by=shop_process.OWNER)).unwrap()
            async with application.database.connection() as connection:
                product = await _first_product(connection)
                slots = {"cart_id": made["cart_id"], "variant_id": product["variant_id"]}
                await connection.execute("UPDATE runtime.sessions SET slots = $2 WHERE id = $1", session, slots)


def bare_agent(application: Application) -> Callable[[int, int], Awaitable[None]]:
    """The same turn on pydantic-ai alone: history in memory, the same read, nothing kept."""
    # Imported here, because only this comparison needs it.
    from pydantic_ai import Agent
    from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
    from pydantic_ai.models.function import AgentInfo, FunctionModel

    def reply(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        if any(isinstance(part, ToolReturnPart) for part in messages[-1].parts):
            return ModelResponse(parts=[TextPart(ANSWER)])
        return ModelResponse(parts=[ToolCallPart("first_product", {})])

    agent = Agent(FunctionModel(reply), instructions=READING.instructions)

    async def first() -> dict[str, Any]:
        """Reads the first product of the catalogue with its price."""
        async with application.database.read() as connection:
            return await _first_product(connection)

    agent.tool_plain(name="first_product")(first)
    histories: dict[int, list[ModelMessage]] = {}

    async def turn(client: int, count: int) -> None:
        history = [] if count % TURNS_PER_SESSION == 0 else histories[client]
        result = await agent.run(SAID, message_history=history)
        histories[client] = result.all_messages()
        assert result.output == ANSWER

    return turn


async def measure(directory: Path, seconds: float, concurrency: int) -> dict[str, Load]:
    """All loads, one after the other, each after a short one that warms up."""
    await shop_process.fill(directory, PRODUCTS)
    settings = Settings(_env_file=None, data_dir=directory)  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument
    loads: dict[str, Load] = {}
    async with AsyncExitStack() as stack:
        application = await stack.enter_async_context(open_application(settings))
        customer = new_id("cus")
        for role in (READING, CHANGING):
            runtime = _runtime(application, role)
            await stack.enter_async_context(runtime)
            ours = Ours(application, runtime, customer)
            for name, clients in ((f"{role.name} alone", 1), (role.name, concurrency)):
                await drive(_turns(ours, role.name, f"{name} warm"), min(seconds, 2), clients, directory)
                loads[name] = await drive(_turns(ours, role.name, name), seconds, clients, directory)
        bare = bare_agent(application)
        for name, clients in (("bare alone", 1), ("bare", concurrency)):
            await drive(bare, min(seconds, 2), clients, directory)
            loads[name] = await drive(bare, seconds, clients, directory)
    return loads


def _turns(ours: Ours, role: str, label: str) -> Callable[[int, int], Awaitable[None]]:
    """Turns of clients whose sessions no other load uses."""
    offset = 1000 * (abs(hash(label)) % 1_000_000)

    async def turn(client: int, count: int) -> None:
        await ours.turn(role, offset + client, count)

    return turn


def _runtime(application: Application, role: Role) -> Runtime:
    database, clock = application.database, application.clock
    parts = RouterParts(
        database=database,
        clock=clock,
        budgets=Budgets(database, clock, BudgetLimits()),
        breakers=Breakers(database, clock),
        cache=ReplyCache(database, clock, secret=derived_secret(application.settings, "model cache")),
    )
    router = Router(parts, (), ScriptedChatModel(script(role.tools[0].name)))
    return Runtime(
        database,
        application.performer,
        router,
        full_guard(),
        application.jobs,
        clock,
        {role.name: role},
        nouns=NOUNS,
    )


def rows_of(loads: Mapping[str, Load], concurrency: int) -> list[Row]:
    """The measured figures beside what is asked."""
    reading, changing, bare = loads[READING.name], loads[CHANGING.name], loads["bare"]
    alone, alone_changing, bare_alone = (loads[f"{name} alone"] for name in (READING.name, CHANGING.name, "bare"))
    at = f"at concurrency {concurrency}"
    peers = "pydantic-ai 180 (not durable), under DBOS 29"
    return [
        Row(f"durable turns, one read, {at}", reading.per_second, "turns/s", ASKED_TURNS_PER_SECOND, True, peers),
        Row(f"durable turns, one action, {at}", changing.per_second, "turns/s", None, True, "–"),
        Row(f"bare pydantic-ai, same read, {at}", bare.per_second, "turns/s", None, True, "in this run"),
        Row("durable turn alone, one read, p50", alone.percentile(0.5), "ms", None, False, "–"),
        Row("durable turn alone, one read, p95", alone.percentile(0.95), "ms", ASKED_OWN_MILLISECONDS, False, "–"),
        Row("durable turn alone, one action, p50", alone_changing.percentile(0.5), "ms", None, False, "–"),
        Row("durable turn alone, one action, p95", alone_changing.percentile(0.95), "ms", None, False, "–"),
        Row("bare pydantic-ai alone, p95", bare_alone.percentile(0.95), "ms", None, False, "in this run"),
        Row(f"durable turn, one read, {at}, p95", reading.percentile(0.95), "ms", None, False, "–"),
        Row("processor time of our process per turn, one read", _per_turn(reading), "ms", None, False, "–"),
        Row("processor time of PostgreSQL per turn, one read", _per_turn_below(reading), "ms", None, False, "–"),
        Row("what two free cores would do, one read", _on_two_cores(reading), "turns/s", None, True, "2,000 ms / both"),
        Row("processor time of our process per turn, one action", _per_turn(changing), "ms", None, False, "–"),
        Row("processor time of PostgreSQL per turn, one action", _per_turn_below(changing), "ms", None, False, "–"),
        Row("processor time of bare pydantic-ai per turn", _per_turn(bare), "ms", None, False, "in this run"),
    ]


def _per_turn(load: Load) -> float:
    return 1000 * load.process_seconds / len(load.latencies)


def _per_turn_below(load: Load) -> float:
    return 1000 * load.database_seconds / len(load.latencies)


def _on_two_cores(load: Load) -> float:
    """Turns a second if two cores did nothing else: an upper bound, steadier than what a busy machine lets through."""
    return 2000 / (_per_turn(load) + _per_turn_below(load))


def main(arguments: list[str] | None = None) -> None:
    """Measures and shows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each load lasts")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument("--write", type=Path, help="also write the page there, e.g. docs/benchmarks-agents.md")
    asked = parser.parse_args(arguments)
    with shop_process.data_directory() as directory:
        loads = uvloop.run(measure(directory, asked.seconds, asked.concurrency))
    rows = rows_of(loads, asked.concurrency)
    table = Table(box=None, pad_edge=False)
    for heading in ("", "ours", "asked", "met", "peers"):
        table.add_column(heading)
    for row in rows:
        table.add_row(row.name, f"{row.ours:,.1f} {row.unit}", row.wanted, row.verdict, row.peers)
    Console().print(table)
    Console().print(f"load averages {os.getloadavg()}", highlight=False)
    if asked.json is not None:
        asked.json.write_text(json.dumps({row.name: row.ours for row in rows}, indent=1))
    if asked.write is not None:
        write_page(asked.write, rows, f"python benchmarks/agents.py --seconds {asked.seconds:g}")


if __name__ == "__main__":
    main()
