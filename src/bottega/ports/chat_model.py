"""The port to a language model: one request with messages and tools in, one reply out, at once or as a stream.

Four kinds of answer, and the caller must tell them apart:

* a `ChatReply` came: the model answered, and `usage` says what that took;
* `Unavailable` was raised: surely no tokens were used, so the same request may go there again, or elsewhere;
* `ReplyLost` was raised: the model may have worked, and billed it, but there is no usable reply;
* `RequestRefused` was raised: this model says no to this very request, and would say it again.

Codes of the three failures are listed beside each. A connector never tries again by itself, and raises nothing else
for a vendor's mood.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeAlias

from bottega.kernel.errors import Invalid, OutcomeUnknown

LARGEST_REPLY_BYTES = 1_000_000
LARGEST_REQUEST_CHARACTERS = 4_000_000

# Codes of `Unavailable`.
UNREACHABLE = "model_unreachable"  # no connection, or it broke before a word of the request was taken
RATE_LIMITED = "model_rate_limited"  # 429: `retry_after_seconds` says when, if the vendor does
OVERLOADED = "model_overloaded"  # 5xx, or the vendor's own word for it
LOADING = "model_loading"  # it is there, and not ready yet: a package or the weights are being loaded
QUOTA_EXHAUSTED = "model_quota_exhausted"  # the account's quota or balance is used up; waiting a moment will not help
NOT_PERMITTED = "model_not_permitted"  # the key is refused, or may not use the model
NO_SUCH_MODEL = "model_not_found"  # the server does not have the model
UNAVAILABLE_CODES = (UNREACHABLE, RATE_LIMITED, OVERLOADED, LOADING, QUOTA_EXHAUSTED, NOT_PERMITTED, NO_SUCH_MODEL)

# Codes of `ReplyLost`.
TIMED_OUT = "model_timed_out"  # sent, and no answer (or not all of it) within the limits
CUT_OFF = "model_cut_off"  # the connection or the stream ended before the reply did
UNREADABLE = "model_unreadable"  # the answer is not in the vendor's own format
BAD_TOOL_CALL = "model_bad_tool_call"  # a tool call whose arguments are not a JSON object, or to no tool of the request
BAD_STRUCTURE = "model_bad_structure"  # a structured reply that is not a JSON object
EMPTY = "model_empty"  # neither a word nor a tool call
TOO_LARGE = "model_reply_too_large"  # more bytes than the limits allow; reading was stopped
REPLY_LOST_CODES = (TIMED_OUT, CUT_OFF, UNREADABLE, BAD_TOOL_CALL, BAD_STRUCTURE, EMPTY, TOO_LARGE)

# Codes of `RequestRefused`.
TOO_LONG = "model_request_too_long"  # more than the model's context holds
CONTENT_FILTERED = "model_content_filtered"  # the vendor's filter stopped the request or its reply
NOT_ACCEPTED = "model_request_not_accepted"  # any other 4xx: what the request asks for, this model cannot do
UNSURE = (
    "model_unsure"  # an engine of our own that was told it may (see `OTHERS_FOLLOW`) leaves the answer to another model
)
REQUEST_REFUSED_CODES = (TOO_LONG, CONTENT_FILTERED, NOT_ACCEPTED, UNSURE)

# In a request's `context`: true when another model can be asked, so that an engine of our own need not answer what it
# is not sure of and may raise `RequestRefused(UNSURE)` instead.
OTHERS_FOLLOW = "others_follow"

Json: TypeAlias = Any
StopReason = Literal["end", "tool_calls", "length", "stop_sequence"]
ToolChoice = Literal["auto", "required", "none"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `input_tokens` includes those read from and written to the vendor's prompt cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_written_tokens: int = 0


class ReplyLost(OutcomeUnknown):
    """The model may have worked but there is no usable reply; `usage` is what it reported, if it came to that."""

    def __init__(
        self, code: str, message: str, *, usage: Usage | None = None, next_step: str = "", **details: Any
    ) -> None:
        super().__init__(code, message, next_step=next_step, **details)
        self.usage = usage


class RequestRefused(Invalid):
    """This model will not answer this request; `usage` is what the refusal cost, if the vendor reports one."""

    def __init__(
        self, code: str, message: str, *, usage: Usage | None = None, next_step: str = "", **details: Any
    ) -> None:
        super().__init__(code, message, next_step=next_step, **details)
        self.usage = usage


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model wants called; `id` is the vendor's (or the connector's) and unique within one reply."""

    id: str
    name: str
    arguments: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class SystemMessage:
    """Instructions of the shop."""

    text: str


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What the person said."""

    text: str


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    """What a model said before. `continuation` is taken from its reply: the vendor's own notes (signed thoughts, say),
    which go back to the same model and are ignored by any other."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    continuation: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a called tool answered: a JSON-ready value, or text."""

    call_id: str
    name: str
    content: Json
    failed: bool = False


Message = SystemMessage | UserMessage | AssistantMessage | ToolResult


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it; `schema` is the JSON Schema (draft 2020-12) of its arguments, an object."""

    name: str
    description: str
    schema: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model. Every `ToolResult` follows the assistant message that called it.

    `response_schema` asks for one JSON object of that schema instead of prose; the reply carries it as `structured`,
    parsed but not checked against the schema. `context` is for engines of our own (the offline engine): session,
    locale, slots, what was shown. It never leaves the process.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: ToolChoice = "auto"
    maximum_output_tokens: int = 1_024
    temperature: float | None = None
    response_schema: Mapping[str, Json] | None = None
    stop: tuple[str, ...] = ()
    context: Mapping[str, Json] = field(default_factory=dict[str, Json])

    def __post_init__(self) -> None:
        if not self.messages:
            raise Invalid("empty_chat_request", "A request to a model needs at least one message.")
        if self.maximum_output_tokens < 1:
            raise Invalid("bad_chat_request", "maximum_output_tokens is at least 1.")
        if len({tool.name for tool in self.tools}) != len(self.tools):
            raise Invalid("bad_chat_request", "Two tools of a request have one name.")


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What a model answered. `model` is the name that the vendor gave, `request_id` the vendor's id of the call."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    stop_reason: StopReason = "end"
    model: str = ""
    request_id: str = ""
    structured: Mapping[str, Json] | None = None
    continuation: str = ""

    def as_message(self) -> AssistantMessage:
        """The reply as part of the next request."""
        return AssistantMessage(self.text, self.tool_calls, self.continuation)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of a reply that is still being written."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """More of a tool call that is still being written; only the reply's own `tool_calls` may be acted on."""

    call_id: str
    name: str
    arguments: str


Delta = TextDelta | ToolCallDelta


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long a call may take, and how much it may answer.

    For a call that does not stream, `first_token_seconds` is not used. All times count from the beginning of the call.
    """

    connect_seconds: float = 5.0
    first_token_seconds: float = 20.0
    total_seconds: float = 60.0
    reply_bytes: int = LARGEST_REPLY_BYTES

    def within(self, seconds: float) -> "CallLimits":
        """The same, but over after so many seconds."""
        return replace(
            self,
            connect_seconds=min(self.connect_seconds, seconds),
            first_token_seconds=min(self.first_token_seconds, seconds),
            total_seconds=min(self.total_seconds, seconds),
        )


@dataclass(frozen=True, slots=True)
class ModelCapabilities:
    """What a model can do, and what it may be told. `local` means that nothing leaves the shop's own machines."""

    tools: bool = True
    streaming: bool = True
    structured_output: bool = True
    context_tokens: int = 8_192
    may_see_personal_data: bool = False
    local: bool = False


DEFAULT_LIMITS = CallLimits()


class ChatModel(Protocol):
    """A language model, or anything that answers like one."""

    @property
    def name(self) -> str:
        """Who answers: `offline`, or the name that the settings give it."""
        ...

    @property
    def capabilities(self) -> ModelCapabilities: ...

    async def complete(self, request: ChatRequest, *, limits: CallLimits = DEFAULT_LIMITS) -> ChatReply:
        """The reply, or one of the three failures."""
        ...

    def stream(
        self,
        request: ChatRequest,
        *,
        limits: CallLimits = DEFAULT_LIMITS,
    ) -> AsyncGenerator[Delta | ChatReply]:
        """Deltas as they come, and the whole reply as the last item; raises the same failures, at any point.

        Whoever stops early closes the generator (`contextlib.aclosing`), which closes the connection.
        """
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
