"""A tool behind which stands an action: schema, description and weight are the action's own."""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from bottega.actions.action import Action
from bottega.actions.outcome import Done
from bottega.actions.preview import preview
from bottega.kernel.errors import Invalid, Refusal, Unavailable
from bottega.runtime import confirmation
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import OURS, FieldLabels, Json
from bottega.runtime.tool import (
    DEFAULT_LIMITS,
    Answered,
    Control,
    Effect,
    Parameter,
    Refused,
    ToolCall,
    ToolLimits,
    ToolOutcome,
)
from bottega.runtime.tools.performing import attested, denied, perform_for, recorded, refused
from bottega.runtime.tools.schema import parameters_of, schema_for_models, visible_part

Fill = Callable[[RunContext, Mapping[str, Json]], Awaitable[Json]]
"""Computes a field that the model does not give (the customer's cart, the total that was shown)."""
ReadBack = Callable[[RunContext, Mapping[str, Json]], Awaitable[Json]]
"""Reads the state after the action, given its result: only what it says is told as done."""
Summarise = Callable[[RunContext, Action], Awaitable[str]]
"""What the customer is asked to say yes to, in words made from records."""


@dataclass(frozen=True)
class ActionTool:
    """Offers an action to a role.

    `fills` are hidden from the model. `controls` overrides what an argument controls, by path. `keeps` names slots of
    the session that take a field of the result (`{"cart_id": "cart_id"}`). `accomplishes` are the words in which it
    would be said to be done.
    """

    act: type[Action]
    nouns: Mapping[str, str] = field(default_factory=dict[str, str])
    given_name: str = ""
    given_description: str = ""
    fills: Mapping[str, Fill] = field(default_factory=dict[str, Fill])
    controls: Mapping[str, Control] = field(default_factory=dict[str, Control])
    read_back: ReadBack | None = None
    summarise: Summarise | None = None
    keeps: Mapping[str, str] = field(default_factory=dict[str, str])
    accomplishes: frozenset[str] = frozenset()
    labels: FieldLabels = OURS
    limits: ToolLimits = DEFAULT_LIMITS

    name: str = field(init=False)
    description: str = field(init=False)
    effect: Effect = field(init=False)
    visible: type[BaseModel] = field(init=False)
    schema: Mapping[str, Json] = field(init=False)
    parameters: tuple[Parameter, ...] = field(init=False)

    def __post_init__(self) -> None:
        visible = visible_part(self.act, set(self.fills))
        # `PlaceOrder` is offered as `place_order`; what counts as light is the line that the default pack draws too.
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.act.action_name()).lower()
        is_light = "light" in self.act.groups and "money" not in self.act.groups
        derived = {
            "name": self.given_name or name,
            "description": self.given_description or inspect.cleandoc(self.act.__doc__ or name),
            "effect": "light" if is_light else "consequential",
            "visible": visible,
            "schema": schema_for_models(visible, self.nouns),
            "parameters": parameters_of(visible, self.controls),
        }
        for attribute, value in derived.items():
            object.__setattr__(self, attribute, value)

    def check(self, arguments: Mapping[str, Json]) -> None:
        """Raises pydantic's `ValidationError` for arguments that are not of the schema."""
        self.visible.model_validate(arguments)

    async def action(self, call: ToolCall, context: RunContext) -> Action:
        """The action with everything filled in. Raises `Invalid`, and what the fills raise."""
        filled: dict[str, Any] = {name: await fill(context, call.resolved) for name, fill in self.fills.items()}
        try:
            return self.act.model_validate({**call.resolved, **filled})
        except ValidationError as error:
            raise invalid_arguments(error) from None

    async def summary(self, call: ToolCall, context: RunContext) -> str:
        """From the shop's own words if the role gives any, else the action's sentence with its arguments."""
        action = await self.action(call, context)
        if self.summarise is not None:
            return await self.summarise(context, action)
        given = ", ".join(f"{name} {context.handles.shown(value)}" for name, value in call.resolved.items())
        return f"{self.description.partition(chr(10))[0].rstrip('.')}: {given}."

    async def digest(self, call: ToolCall, context: RunContext) -> str:
        """What a yes to this call binds."""
        return digest_of(await self.action(call, context), context)

    async def try_out(self, call: ToolCall, context: RunContext) -> Refused | None:
        """Whether the shop or the policy would refuse it as it stands, supposing that the customer says yes."""
        try:
            action = await self.action(call, context)
            with_yes = {**attested(call, context), "confirmed": True}
            tried = await preview(context.performer, action, by=context.actor, attested=with_yes)
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
        try:
            action = await self.action(call, context)
        except Unavailable:
            raise
        except Refusal as refusal:
            done = await recorded(context, call.key)
            return refused(refusal) if done is None else await self._answered(done, context)
        digest = "" if call.confirmation_id is None else digest_of(action, context)
        outcome = await perform_for(action, call, context, digest)
        return await self._answered(outcome, context) if isinstance(outcome, Done) else outcome

    async def _answered(self, done: Done, context: RunContext) -> Answered:
        result = done.result
        slots = {slot: result[name] for slot, name in self.keeps.items() if name in result}
        state = None if self.read_back is None else await self.read_back(context, result)
        value = result if state is None else {"result": result, "state": state}
        return Answered(
            value,
            self.labels,
            slots=slots,
            entry_id=done.entry_id,
            repeated=done.repeated,
            read_back=result if self.read_back is None else state,
        )


def digest_of(action: Action, context: RunContext) -> str:
    """What a yes binds of an action: its name and all its arguments, for this session and customer."""
    assert context.run.session_id is not None, "only conversations have somebody to ask"
    return confirmation.digest_of(
        action.action_name(),
        action.arguments(),
        session_id=context.run.session_id,
        customer_id=context.customer_id,
    )


def invalid_arguments(error: ValidationError) -> Invalid:
    """What is wrong with arguments, field by field, without their values."""
    reasons = error.errors(include_input=False, include_url=False, include_context=False)
    lines = [f"{'.'.join(map(str, reason['loc'])) or 'arguments'}: {reason['msg']}" for reason in reasons[:10]]
    return Invalid("invalid_arguments", "; ".join(lines), next_step="Correct these and call again.")
