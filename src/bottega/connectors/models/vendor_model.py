"""A vendor's model behind our port: one call, bounded in time and size, answered or failed in the port's words."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import structlog
from pydantic_ai.messages import (
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.models import Model, StreamedResponse
from pydantic_ai.settings import ModelSettings, merge_model_settings

from bottega.connectors.models import messages
from bottega.connectors.models.address import ModelAddress, StructuredBy
from bottega.connectors.models.failures import as_failure, timed_out
from bottega.connectors.models.wire import Wire, noted_on
from bottega.kernel.errors import Refusal
from bottega.ports import chat_model as port
from bottega.ports.chat_model import (
    DEFAULT_LIMITS,
    CallLimits,
    ChatReply,
    ChatRequest,
    Delta,
    ModelCapabilities,
    TextDelta,
    ToolCallDelta,
)

log = structlog.get_logger(__name__)


class VendorModel:
    """Implements `ChatModel` over a model class of pydantic-ai."""

    def __init__(
        self,
        address: ModelAddress,
        model: Model[Any],
        *,
        settings: ModelSettings | None = None,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._address = address
        self._model = model
        self._settings = settings
        self._close = close

    @property
    def name(self) -> str:
        return self._address.name

    @property
    def capabilities(self) -> ModelCapabilities:
        return self._address.capabilities

    async def complete(self, request: ChatRequest, *, limits: CallLimits = DEFAULT_LIMITS) -> ChatReply:
        """One request, one reply."""
        wire = Wire(limits)
        try:
            async with asyncio.timeout(limits.total_seconds):
                with noted_on(wire):
                    response = await self._model.request(*self._prepared(request))
        except TimeoutError:
            raise timed_out(self.name, wire, limits.total_seconds) from None
        # Whatever a vendor's package raises over a strange answer is this vendor's mood, not a bug of the caller.
        except Exception as error:
            raise self._failure(error, wire) from error
        return self._reply(response, request, wire)

    async def stream(
        self, request: ChatRequest, *, limits: CallLimits = DEFAULT_LIMITS
    ) -> AsyncGenerator[Delta | ChatReply]:
        """Deltas, then the whole reply."""
        wire = Wire(limits)
        begun = time.monotonic()
        first, last = begun + min(limits.first_token_seconds, limits.total_seconds), begun + limits.total_seconds
        writing = _Writing()
        async with AsyncExitStack() as stack:
            stream = await self._within(first, wire, begun, self._open(stack, request, wire))
            events = aiter(stream)
            deadline = first
            while (event := await self._within(deadline, wire, begun, anext(events, None))) is not None:
                deadline = last
                delta = writing.delta(event)
                if delta is not None:
                    yield delta
            response = stream.get()
        if stream.finish_reason is None:
            raise port.ReplyLost(
                port.CUT_OFF,
                f"The model '{self.name}' broke off while it answered.",
                usage=messages.usage_of(response.usage),
            )
        yield self._reply(response, request, wire)

    async def _open(self, stack: AsyncExitStack, request: ChatRequest, wire: Wire) -> StreamedResponse:
        with noted_on(wire):
            return await stack.enter_async_context(self._model.request_stream(*self._prepared(request)))

    async def close(self) -> None:
        if self._close is not None:
            await self._close()

    async def _within(self, deadline: float, wire: Wire, begun: float, step: Awaitable[Any]) -> Any:
        """One step of a stream, or the failure it ended in."""
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await step
        except TimeoutError:
            raise timed_out(self.name, wire, round(deadline - begun, 3)) from None
        # As in `complete`.
        except Exception as error:
            raise self._failure(error, wire) from error

    def _prepared(self, request: ChatRequest) -> tuple[Any, ...]:
        parameters = messages.parameters(request, self._structured_by)
        chosen = merge_model_settings(self._settings, messages.settings(request))
        history = self._model.prepare_messages(messages.to_vendor(request.messages), parameters)
        return history, chosen, parameters

    @property
    def _structured_by(self) -> StructuredBy:
        if self._address.structured_by is not None:
            return self._address.structured_by
        profile = self._model.profile
        if profile.get("supports_json_schema_output", False):
            return "native"
        return "tool" if profile.get("supports_tools", True) else "prompt"

    def _reply(self, response: ModelResponse, request: ChatRequest, wire: Wire) -> ChatReply:
        return messages.from_vendor(response, request, name=self.name, request_id=wire.request_id)

    def _failure(self, error: Exception, wire: Wire) -> Refusal:
        failure = as_failure(error, self.name, wire)
        log.info("model_call_failed", model=self.name, code=failure.code, **failure.details)
        return failure


class _Writing:
    """What a reader of the stream sees: words and the writing of tool calls, never thoughts."""

    def __init__(self) -> None:
        self._calls: dict[int, tuple[str, str]] = {}

    def delta(self, event: Any) -> Delta | None:
        match event:
            case PartStartEvent(part=TextPart(content=text)) if text:
                return TextDelta(text)
            case PartDeltaEvent(delta=TextPartDelta(content_delta=text)) if text:
                return TextDelta(text)
            case PartStartEvent(index=index, part=ToolCallPart() as part) if part.tool_name != messages.ANSWER_TOOL:
                self._calls[index] = (part.tool_call_id, part.tool_name)
                return self._call_delta(index, part.args)
            case PartDeltaEvent(index=index, delta=ToolCallPartDelta() as change):
                return self._call_delta(index, change.args_delta)
            case _:
                return None

    def _call_delta(self, index: int, arguments: Any) -> ToolCallDelta | None:
        if index not in self._calls:
            return None
        call_id, name = self._calls[index]
        return ToolCallDelta(call_id, name, arguments if isinstance(arguments, str) else "")
