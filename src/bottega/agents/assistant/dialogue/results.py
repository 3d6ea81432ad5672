"""What the tools have answered since the customer last spoke."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bottega.agents.assistant.dialogue.json_values import record
from bottega.agents.assistant.dialogue.move import Call
from bottega.agents.assistant.dialogue.state import Json
from bottega.ports.chat_model import AssistantMessage, Message, ToolCall, ToolResult, ToolSpec, UserMessage

# These change what the cart, an order or the account is: what was read before them is old.
_CHANGING = frozenset(
    {
        "add_to_cart",
        "change_cart_line",
        "set_cart_contact",
        "choose_shipping",
        "apply_coupon",
        "remove_coupon",
        "create_order",
        "process_payment",
        "cancel_order",
        "amend_order",
        "create_return",
        "create_exchange",
        "enter_sign_in_code",
    }
)
_CHANGEABLE = frozenset({"get_cart", "get_order", "list_orders", "get_account"})
# What a refusal tells a model about how to go on is no news for a customer.
_FOR_MODELS = "Do not try it another way"
_NEEDS_YES = "needs the customer's yes"


@dataclass(frozen=True, slots=True)
class Result:
    """One answered call."""

    tool: str
    arguments: Mapping[str, Json]
    content: Json
    failed: bool

    @property
    def question(self) -> str | None:
        """What the customer is asked to say yes to, when the call waits for that."""
        held = record(self.content)
        return str(held.get("question", "")) if held.get("status") == _NEEDS_YES else None

    @property
    def waits(self) -> bool:
        """Whether a colleague has to decide first."""
        status = record(self.content).get("status")
        return isinstance(status, str) and status.startswith("waits for")

    @property
    def succeeded(self) -> bool:
        return not self.failed and self.question is None and not self.waits

    @property
    def code(self) -> str:
        """Of a refusal."""
        return str(self.record.get("error") or self.record.get("code") or "") if self.failed else ""

    @property
    def refusal(self) -> str:
        """A refusal's message and next step in the shop's own words."""
        if not self.failed:
            return ""
        following = str(self.record.get("next_step", ""))
        told = f"{self.record.get('message', '')} {'' if following.startswith(_FOR_MODELS) else following}".strip()
        return told or "This is not possible just now."

    @property
    def record(self) -> Mapping[str, Json]:
        """The content as an object; what a change answers stands under `state` or `result` when it was read back."""
        content = record(self.content)
        state, result = record(content.get("state")), record(content.get("result"))
        return {**result, **state} if state and result else content


@dataclass(frozen=True, slots=True)
class Results:
    """Results of this turn, oldest first, and the tools there are."""

    answered: tuple[Result, ...] = ()
    tools: Mapping[str, ToolSpec] = field(default_factory=dict[str, ToolSpec])

    def offers(self, tool: str) -> bool:
        return tool in self.tools

    def of(self, tool: str, **arguments: Json) -> Result | None:
        """The newest answer of that tool to a call with these arguments, if nothing changed since it was read."""
        for place in range(len(self.answered) - 1, -1, -1):
            result = self.answered[place]
            if result.tool == tool and all(result.arguments.get(name) == value for name, value in arguments.items()):
                changed_since = any(later.tool in _CHANGING and later.succeeded for later in self.answered[place + 1 :])
                return None if changed_since and tool in _CHANGEABLE else result
        return None

    def done(self, tool: str, **arguments: Json) -> Result | None:
        """The newest answer of a changing tool, whatever happened after it."""
        return next(
            (
                result
                for result in reversed(self.answered)
                if result.tool == tool and all(result.arguments.get(name) == value for name, value in arguments.items())
            ),
            None,
        )

    def fitting(self, call: Call) -> Call:
        """The call with only those arguments that the tool takes."""
        spec = self.tools.get(call.tool)
        properties = None if spec is None else spec.schema.get("properties")
        if not isinstance(properties, dict):
            return call
        return Call(call.tool, {name: value for name, value in call.arguments.items() if name in properties})


def results_in(messages: Sequence[Message], tools: Mapping[str, ToolSpec]) -> Results:
    """The answers after the last thing that the customer said."""
    start = max((place for place, message in enumerate(messages) if isinstance(message, UserMessage)), default=-1)
    calls: dict[str, ToolCall] = {}
    answered: list[Result] = []
    for message in messages[start + 1 :]:
        match message:
            case AssistantMessage():
                calls.update({call.id: call for call in message.tool_calls})
            case ToolResult():
                call = calls.get(message.call_id)
                arguments: Mapping[str, Json] = call.arguments if call is not None else {}
                answered.append(Result(message.name, arguments, message.content, message.failed))
            case _:
                pass
    return Results(tuple(answered), tools)
