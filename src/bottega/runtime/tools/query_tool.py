"""A tool behind which stands a function that reads: arguments from its signature, description from its docstring."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from bottega.kernel.errors import Refusal, Unavailable
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import OURS, EvidenceKind, FieldLabels, Json
from bottega.runtime.tool import DEFAULT_LIMITS, Answered, Control, Effect, Parameter, ToolCall, ToolLimits, ToolOutcome
from bottega.runtime.tools.action_tool import Fill, invalid_arguments
from bottega.runtime.tools.performing import refused
from bottega.runtime.tools.schema import parameters_of, schema_for_models, visible_part

Reading: TypeAlias = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class QueryTool:
    """Offers a function `async (context, *, …) -> record` to a role; it must change nothing.

    It returns a record or plain values, or an `Answered` when it has more to say of them. What it raises as a refusal
    the model is told. `labels` say how far its fields can be trusted and which are personal.
    """

    function: Reading
    nouns: Mapping[str, str] = field(default_factory=dict[str, str])
    given_name: str = ""
    given_description: str = ""
    fills: Mapping[str, Fill] = field(default_factory=dict[str, Fill])
    controls: Mapping[str, Control] = field(default_factory=dict[str, Control])
    labels: FieldLabels = OURS
    kind: EvidenceKind = "record"
    fresh_for: timedelta | None = None
    limits: ToolLimits = DEFAULT_LIMITS
    effect: Effect = "read"
    accomplishes: frozenset[str] = frozenset()
    asked_in: frozenset[str] | None = None
    opens_by_knowing: bool = False
    """Whether it shows something to whoever knows a code or number, whoever they are."""

    name: str = field(init=False)
    description: str = field(init=False)
    record: type[BaseModel] = field(init=False)
    visible: type[BaseModel] = field(init=False)
    schema: Mapping[str, Json] = field(init=False)
    parameters: tuple[Parameter, ...] = field(init=False)
    result: TypeAdapter[Any] = field(init=False)

    def __post_init__(self) -> None:
        name = self.given_name or str(getattr(self.function, "__name__", ""))
        hints = get_type_hints(self.function, include_extras=True)
        record = _arguments_of(self.function, name, hints)
        visible = visible_part(record, set(self.fills))
        answer = hints.get("return", Any)
        derived = {
            "name": name,
            "description": self.given_description or inspect.cleandoc(self.function.__doc__ or name),
            "record": record,
            "visible": visible,
            "schema": schema_for_models(visible, self.nouns),
            "parameters": parameters_of(visible, self.controls),
            "result": TypeAdapter(Any if answer is Answered else answer),
        }
        for attribute, value in derived.items():
            object.__setattr__(self, attribute, value)

    def check(self, arguments: Mapping[str, Json]) -> None:
        """Raises pydantic's `ValidationError` for arguments that are not of the schema."""
        self.visible.model_validate(arguments)

    async def run(self, call: ToolCall, context: RunContext) -> ToolOutcome:
        try:
            filled: dict[str, Any] = {name: await fill(context, call.resolved) for name, fill in self.fills.items()}
            given = self._given({**call.resolved, **filled})
            answer = await self.function(context, **given)
        except Unavailable:
            raise
        except Refusal as refusal:
            return refused(refusal)
        if isinstance(answer, Answered):
            return answer
        value = self.result.dump_python(answer, mode="json")
        return Answered(value, self.labels, self.kind, fresh_for=self.fresh_for)

    def _given(self, arguments: Mapping[str, Json]) -> dict[str, Any]:
        try:
            record = self.record.model_validate(arguments)
        except ValidationError as error:
            raise invalid_arguments(error) from None
        return {name: getattr(record, name) for name in type(record).model_fields}


def _arguments_of(function: Reading, name: str, hints: Mapping[str, Any]) -> type[BaseModel]:
    """All arguments of a function but its first as a record."""
    fields: dict[str, Any] = {}
    for given, parameter in list(inspect.signature(function).parameters.items())[1:]:
        default: Any = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[given] = (hints[given], default)
    config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)
    return create_model(name, __config__=config, **fields)


def query_tool(function: Reading, **settings: Any) -> QueryTool:
    """A query tool of a function; see `QueryTool` for the settings."""
    return QueryTool(function, **settings)
