"""A tool whose action is put together by a function, from what the model gives and what the shop knows."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError

from bottega.actions.action import Action
from bottega.actions.effects import EffectDriver
from bottega.actions.outcome import Done
from bottega.actions.preview import Preview, preview
from bottega.kernel import canonical_json
from bottega.kernel.errors import Refusal, Unavailable
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import OURS, FieldLabels, Json
from bottega.runtime.loop.records import find_record, title_of
from bottega.runtime.tool import (
    DEFAULT_LIMITS,
    Answered,
    Control,
    Effect,
    Parameter,
    ToolCall,
    ToolLimits,
    ToolOutcome,
)
from bottega.runtime.tool import Refused as ToolRefused
from bottega.runtime.tools import query_tool
from bottega.runtime.tools.action_tool import digest_of, invalid_arguments
from bottega.runtime.tools.performing import attested, denied, perform_for, refused

PREVIEWS_KEPT = 64

Build: TypeAlias = Callable[..., Awaitable[Action]]
ReadBack: TypeAlias = Callable[[RunContext, Mapping[str, Json]], Awaitable[Json]]


@dataclass(frozen=True, slots=True)
class Summary:
    """What the customer is asked to say yes to, from records; `amount_minor` is the money that moves, if any does."""

    text: str
    amount_minor: int | None = None
    currency: str = ""


Summarise: TypeAlias = Callable[[RunContext, Any, Preview], Awaitable[Summary]]


@dataclass(frozen=True)
class ChangeTool:
    """Offers `build`, an `async (context, *, …) -> Action`; its signature is the schema, its docstring the description.

    `build` changes nothing. `summarise` is told what the action would do, found out by doing it and taking it back.
    `read_back` reads the state afterwards: only what it says is told as done. `effects` sends what the action left
    for its own process to send, before anything is read. `asked_in` are beginnings of words in which a customer asks
    for a light change; see `UnaskedCritic`.
    """

    build: Build
    effects: EffectDriver
    read_back: ReadBack
    effect: Effect = "consequential"
    nouns: Mapping[str, str] = field(default_factory=dict[str, str])
    controls: Mapping[str, Control] = field(default_factory=dict[str, Control])
    summarise: Summarise | None = None
    accomplishes: frozenset[str] = frozenset()
    asked_in: frozenset[str] | None = None
    labels: FieldLabels = OURS
    limits: ToolLimits = DEFAULT_LIMITS

    tried: dict[tuple[str, int, str], Preview] = field(default_factory=dict[tuple[str, int, str], Preview], repr=False)
    name: str = field(init=False)
    description: str = field(init=False)
    record: type[BaseModel] = field(init=False)
    schema: Mapping[str, Json] = field(init=False)
    parameters: tuple[Parameter, ...] = field(init=False)

    def __post_init__(self) -> None:
        derived = query_tool(self.build, nouns=self.nouns, controls=self.controls)
        for attribute in ("name", "description", "record", "schema", "parameters"):
            object.__setattr__(self, attribute, getattr(derived, attribute))

    def check(self, arguments: Mapping[str, Json]) -> None:
        """Raises pydantic's `ValidationError` for arguments that are not of the schema."""
        self.record.model_validate(arguments)

    async def action(self, call: ToolCall, context: RunContext) -> Action:
        """The action with everything filled in. Raises the refusals of `build`."""
        try:
            given = self.record.model_validate(call.resolved)
            return await self.build(context, **{name: getattr(given, name) for name in type(given).model_fields})
        except ValidationError as error:
            raise invalid_arguments(error) from None

    async def summary(self, call: ToolCall, context: RunContext) -> str:
        """What is asked, in words."""
        return (await self.summarised(call, context)).text

    async def summarised(self, call: ToolCall, context: RunContext) -> Summary:
        """What is asked, and the money it moves."""
        action = await self.action(call, context)
        if self.summarise is None:
            assert self.effect == "light", f"{self.name} is consequential and has to say what for"
            return Summary(named(call, context, self.description))
        tried = await self._tried(action, call, context)
        if tried.refusal is not None:
            raise tried.refusal
        return await self.summarise(context, action, tried)

    async def digest(self, call: ToolCall, context: RunContext) -> str:
        """What a yes to this call binds."""
        return digest_of(await self.action(call, context), context)

    async def try_out(self, call: ToolCall, context: RunContext) -> ToolRefused | None:
        """Whether the shop or the policy would refuse it as it stands, supposing that the customer says yes."""
        try:
            tried = await self._tried(await self.action(call, context), call, context)
        except Unavailable:
            raise
        except Refusal as refusal:
            return refused(refusal)
        if tried.is_possible:
            return None
        if tried.refusal is not None:
            return refused(tried.refusal)
        assert tried.decision is not None, "neither decided nor refused"
        return denied(tried.decision.rule_ids, tried.decision.descriptions)

    async def run(self, call: ToolCall, context: RunContext) -> ToolOutcome:
        """Does it once. What was done under this key before is answered from the log: building its action again would
        find the world as it is after it."""
        done = await recorded(context, call.key)
        if done is None:
            try:
                action = await self.action(call, context)
            except Unavailable:
                raise
            except Refusal as refusal:
                return refused(refusal)
            digest = "" if call.confirmation_id is None else digest_of(action, context)
            outcome = await perform_for(action, call, context, digest)
            if not isinstance(outcome, Done):
                return outcome
            done = outcome
        await self.effects.drive_all_claimed(done)
        try:
            state = await self.read_back(context, done.result)
        except Unavailable:
            raise
        except Refusal:
            # It is done, and cannot be looked at any more: that it was done is all that may be said.
            return Answered({"done": True}, entry_id=done.entry_id, repeated=done.repeated)
        return Answered(state, self.labels, entry_id=done.entry_id, repeated=done.repeated, read_back=state)

    async def _tried(self, action: Action, call: ToolCall, context: RunContext) -> Preview:
        """Tried out once per decision: the dry run, the summary and the reply ask for the same."""
        key = (context.run.id, len(context.steps), canonical_json.digest(action.arguments()))
        tried = self.tried.get(key)
        if tried is None:
            with_yes = {**attested(call, context), "confirmed": True}
            tried = await preview(context.performer, action, by=context.actor, attested=with_yes)
            while len(self.tried) >= PREVIEWS_KEPT:
                self.tried.pop(next(iter(self.tried)))
            self.tried[key] = tried
        return tried


def named(call: ToolCall, context: RunContext, description: str) -> str:
    """A light change in the words of its description, with what it is about as our records call it."""
    told: list[str] = []
    for name, value in call.resolved.items():
        record, _ = find_record(context.evidence, str(value))
        said = title_of(record) if record else str(value)
        told.append(f"{name.removesuffix('_id').replace('_', ' ')}: {said}")
    first = description.partition("\n")[0].partition(";")[0].rstrip(".")
    return f"{first} ({', '.join(told)})?" if told else f"{first}?"


async def recorded(context: RunContext, key: str) -> Done | None:
    """What was done under a key by this run's actor."""
    async with context.read() as connection:
        row = await connection.fetchrow(_RECORDED, context.actor.key_scope, key)
    return None if row is None else Done(row["id"], row["result"], repeated=True)


_RECORDED = "SELECT id, result FROM log.entries WHERE key_scope = $1 AND idempotency_key = $2"
