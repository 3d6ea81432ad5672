"""A runtime over the parcels' trade: real database, real policy, a scripted model, and short ways to write."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import asyncpg

from bottega.actions import approvals, undo
from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.perform import Performer
from bottega.actions.policy import PolicyBook, default_pack, load_packs
from bottega.connectors.sandbox.chat_model import Script, ScriptedChatModel
from bottega.connectors.sandbox.chat_model import Turn as ModelTurn
from bottega.kernel.errors import Refusal
from bottega.platform.clock import SystemClock
from bottega.platform.database.pool import Connection, Database
from bottega.ports.chat_model import ChatReply, ChatRequest, ToolCall, ToolResult
from bottega.runtime import switches
from bottega.runtime.context import RunContext
from bottega.runtime.engine import Runtime
from bottega.runtime.evidence import FieldLabels
from bottega.runtime.guard.full import full_guard
from bottega.runtime.guard.guard import Guard
from bottega.runtime.models.call import ModelCall, NoModelAnswered, RoutedReply
from bottega.runtime.parts import Pace
from bottega.runtime.role import Role
from bottega.runtime.run import Principal, Turn
from bottega.runtime.sessions import Message
from bottega.runtime.tools import ActionTool, QueryTool
from tests.runtime import parcels
from tests.runtime.parcels import AddToParcel, OpenParcel, RepriceGood, SendParcel, WithdrawGood

CUSTOMER = Principal("customer", "cus_alice", "cus_alice")
OFFICE = Principal("system", "schedule")
CORE = (approvals.GrantApproval, approvals.DenyApproval, approvals.ExpireApprovals, undo.UndoEntry)


class MovableClock(SystemClock):
    """The machine's clock, which a test may move forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> Any:
        return super().now() + self.ahead


@dataclass
class NotedJobs:
    """A job queue that remembers what was left."""

    left: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    async def enqueue(
        self,
        connection: Connection,
        name: str,
        payload: Mapping[str, Any],
        *,
        key: str | None = None,
        delay_seconds: float = 0.0,
    ) -> str:
        self.left.append((name, payload))
        return "job"

    def wake(self) -> None:
        pass


class DirectRouter:
    """One model, asked directly."""

    def __init__(self, model: ScriptedChatModel) -> None:
        self.model = model
        self.calls: list[ModelCall] = []

    async def complete(self, call: ModelCall, request: ChatRequest) -> RoutedReply:
        self.calls.append(call)
        try:
            reply = await self.model.complete(request)
        except Refusal as refusal:
            raise NoModelAnswered(refusal.message, ()) from refusal
        return RoutedReply(reply, "mcl_1", "scripted", "small", call.intent, (), 25, "USD", 0.0)

    def stream(self, call: ModelCall, request: ChatRequest) -> Any:
        raise AssertionError("not asked for")


async def list_goods(context: RunContext) -> list[dict[str, Any]]:
    """Lists what is on offer, with prices and reviews."""
    async with context.read() as connection:
        rows = await connection.fetch("SELECT id, title, price_minor, review FROM shop.goods ORDER BY id")
    return [{**row, "currency": "EUR"} for row in rows]


async def my_parcels(context: RunContext) -> list[dict[str, Any]]:
    """Lists the customer's parcels."""
    async with context.read() as connection:
        rows = await connection.fetch(
            "SELECT id, state, total_minor, city FROM shop.parcels WHERE customer_id = $1 ORDER BY id",
            context.actor.customer_id,
        )
    return [{**row, "currency": "EUR"} for row in rows]


async def _parcel(context: RunContext, _: Mapping[str, Any]) -> str | None:
    return context.slots.get("parcel_id")


async def _customer(context: RunContext, _: Mapping[str, Any]) -> str | None:
    return context.actor.customer_id


async def _total(context: RunContext, _: Mapping[str, Any]) -> int:
    async with context.read() as connection:
        return await connection.fetchval(
            "SELECT total_minor FROM shop.parcels WHERE id = $1", context.slots.get("parcel_id")
        )


async def _sent(context: RunContext, result: Mapping[str, Any]) -> Any:
    async with context.read() as connection:
        row = await connection.fetchrow(
            "SELECT id, state, total_minor, city FROM shop.parcels WHERE id = $1", result["parcel_id"]
        )
    assert row is not None
    return {**row, "currency": "EUR"}


async def _sending(context: RunContext, action: Action) -> str:
    assert isinstance(action, SendParcel)
    total = f"{action.expected_total_minor / 100:.2f} EUR"
    return f"Send the parcel to {action.to.name}, {action.to.line1}, {action.to.city}, for {total}. Shall I?"


REVIEWED = FieldLabels(fields={"*.review": "third_party"})
TOOLS = (
    QueryTool(list_goods, nouns=parcels.NOUNS, labels=REVIEWED),
    QueryTool(my_parcels, nouns=parcels.NOUNS, labels=FieldLabels(personal=frozenset({"*.city"}))),
    ActionTool(OpenParcel, parcels.NOUNS, fills={"customer_id": _customer}, keeps={"parcel_id": "parcel_id"}),
    ActionTool(AddToParcel, parcels.NOUNS, fills={"parcel_id": _parcel}, accomplishes=frozenset({"added"})),
    ActionTool(
        SendParcel,
        parcels.NOUNS,
        fills={"parcel_id": _parcel, "expected_total_minor": _total},
        read_back=_sent,
        summarise=_sending,
        accomplishes=frozenset({"sent"}),
    ),
)
CLERK = Role("clerk", "You help customers with their parcels.", TOOLS)
OFFICER = Role(
    "officer",
    "You look after prices.",
    (
        QueryTool(list_goods, nouns=parcels.NOUNS, labels=REVIEWED),
        ActionTool(RepriceGood, parcels.NOUNS),
        ActionTool(WithdrawGood, parcels.NOUNS),
    ),
    acts_for_customer=False,
    waits_for_yes=False,
)


def good_id(name: str) -> str:
    """An identifier of a good, the same for the same name."""
    digits = "0123456789abcdefghjkmnpqrstvwxyz"
    raw = hashlib.sha256(name.encode()).digest()
    return "gud_0" + "".join(digits[byte & 31] for byte in raw[:25])


def says(text: str) -> ChatReply:
    """A model's reply in words."""
    return ChatReply(text)


def calls(*wanted: tuple[str, Mapping[str, Any]], text: str = "") -> ChatReply:
    """A model's reply that calls tools."""
    return ChatReply(text, tuple(ToolCall(f"c{at}", name, given) for at, (name, given) in enumerate(wanted, 1)))


def results(request: ChatRequest) -> list[Any]:
    """What the tools called so far in this turn have answered, as the model sees it."""
    return [message.content for message in request.messages if isinstance(message, ToolResult)]


async def until(is_so: Callable[[], Awaitable[bool]], *, seconds: float = 20.0) -> None:
    """Looks again and again until something is so; a test that waits longer than this fails."""
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 - what is waited for happens in the database, in other processes
            await asyncio.sleep(0.01)


@dataclass
class Workshop:
    """What a test of the runtime works with."""

    dsn: str
    database: Database
    performer: Performer
    clock: MovableClock
    jobs: NotedJobs
    runtime: Runtime
    model: ScriptedChatModel
    router: DirectRouter
    script: list[ModelTurn | Callable[[ChatRequest, int], ModelTurn]]
    _said: int = 0

    async def say(
        self,
        text: str,
        *replies: ModelTurn | Callable[[ChatRequest, int], ModelTurn],
        session: str = "s1",
        principal: Principal = CUSTOMER,
        role: str = "clerk",
        key: str | None = None,
        **more: Any,
    ) -> Turn:
        """Says something; the model answers with these, one after the other."""
        await self.runtime.open_session(session, role, principal)
        self.script.extend(replies)
        self._said += 1
        return await self.runtime.hear(Message(session, text, key or f"m{self._said}", **more))

    async def done(self, action: Action, by: Actor = parcels.OWNER) -> dict[str, Any]:
        return (await self.performer.perform(action, by=by)).unwrap()

    async def stock(self, title: str, price_minor: int, review: str = "") -> str:
        """A good on offer; returns its identifier."""
        action = parcels.StockGood(good_id=good_id(title), title=title, price_minor=price_minor, review=review)
        return (await self.done(action))["good_id"]

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.database.read() as connection:
            return await connection.fetchval(query, *arguments)

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        async with self.database.read() as connection:
            return [dict(row) for row in await connection.fetch(query, *arguments)]

    async def execute(self, query: str, *arguments: Any) -> None:
        async with self.database.connection() as connection:
            await connection.execute(query, *arguments)

    async def steps(self, run_id: str) -> list[tuple[str, str, str]]:
        """Phase, name and state of a run's steps."""
        rows = await self.rows("SELECT phase, name, state FROM runtime.steps WHERE run_id = $1 ORDER BY number", run_id)
        return [(row["phase"], row["name"], row["state"]) for row in rows]

    async def work(self) -> None:
        """Does the jobs that were left, as a worker would."""
        while self.jobs.left:
            _, payload = self.jobs.left.pop(0)
            await self.runtime.advance(payload["run_id"])


@asynccontextmanager
async def open_workshop(
    dsn: str,
    *,
    roles: Sequence[Role] = (CLERK, OFFICER),
    guard: Guard | None = None,
    pace: Pace | None = None,
    script: Script | None = None,
    policy: PolicyBook | None = None,
    is_fresh: bool = True,
) -> AsyncGenerator[Workshop]:
    """A runtime in a fresh database, or in one that another process works in too."""
    if is_fresh:
        connection = await asyncpg.connect(dsn)
        await connection.execute(parcels.SCHEMA)
        await connection.close()
    async with AsyncExitStack() as stack:
        database = await Database.open(dsn, writers=16, readers=8)
        stack.push_async_callback(database.close)
        stack.enter_context(parcels.registered_parcels())
        clock, jobs = MovableClock(), NotedJobs()
        performer = Performer(database, policy or policy_book(), jobs, clock, secret=b"0" * 32)
        lines: list[ModelTurn | Callable[[ChatRequest, int], ModelTurn]] = []

        def from_lines(request: ChatRequest, number: int) -> ModelTurn:
            assert lines, "the model was asked once more than the test expects"
            line = lines.pop(0)
            return line(request, number) if callable(line) else line

        model = ScriptedChatModel(script or from_lines)
        router = DirectRouter(model)
        runtime = Runtime(
            database,
            performer,
            router,
            guard or full_guard(),
            jobs,
            clock,
            {role.name: role for role in roles},
            nouns=parcels.NOUNS,
            pace=pace,
        )
        await stack.enter_async_context(runtime)
        yield Workshop(dsn, database, performer, clock, jobs, runtime, model, router, lines)


@cache
def policy_book() -> PolicyBook:
    """The default pack over the parcels' actions and the core's own."""
    known = (*CORE, switches.StopAgents, switches.StartAgents, *parcels.ACTIONS)
    return load_packs([default_pack()]).bind({action.action_name(): action.groups for action in known})
