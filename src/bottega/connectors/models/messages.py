"""Our messages as the vendors' packages take them, and their replies as ours."""

import json
from dataclasses import replace
from typing import Any, cast

from pydantic import ValidationError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.usage import RequestUsage

from bottega.connectors.models.address import StructuredBy
from bottega.ports import chat_model as port
from bottega.ports.chat_model import (
    AssistantMessage,
    ChatReply,
    ChatRequest,
    StopReason,
    SystemMessage,
    ToolCall,
    ToolResult,
    Usage,
    UserMessage,
)

# The tool that a model has to call when a structured reply is asked for by tool.
ANSWER_TOOL = "answer"
LONGEST_CONTINUATION_CHARACTERS = 200_000


def to_vendor(messages: tuple[port.Message, ...]) -> list[ModelMessage]:
    """Our messages in the package's form, where a request holds everything since the model's last reply."""
    history: list[ModelMessage] = []
    parts: list[ModelRequestPart] = []
    for message in messages:
        match message:
            case SystemMessage(text):
                parts.append(SystemPromptPart(text))
            case UserMessage(text):
                parts.append(UserPromptPart(text))
            case ToolResult(call_id, name, content, failed):
                outcome = "failed" if failed else "success"
                parts.append(ToolReturnPart(name, content, tool_call_id=call_id, outcome=outcome))
            case AssistantMessage():
                if parts:
                    history.append(ModelRequest(parts))
                    parts = []
                history.append(_said_before(message))
    if parts:
        history.append(ModelRequest(parts))
    return history


def _said_before(message: AssistantMessage) -> ModelResponse:
    """The reply as the vendor made it where that is known and still what was said; else rebuilt from the words."""
    if message.continuation:
        kept = _kept(message.continuation)
        if kept is not None and _says_the_same(kept, message):
            return kept
    parts: list[TextPart | ToolCallPart] = [TextPart(message.text)] if message.text else []
    parts += [ToolCallPart(call.name, dict(call.arguments), tool_call_id=call.id) for call in message.tool_calls]
    return ModelResponse(parts)


def _kept(continuation: str) -> ModelResponse | None:
    try:
        messages = ModelMessagesTypeAdapter.validate_json(continuation)
    except ValidationError:
        # Kept by another version of the package: the words themselves are enough.
        return None
    return messages[0] if len(messages) == 1 and isinstance(messages[0], ModelResponse) else None


def _says_the_same(kept: ModelResponse, message: AssistantMessage) -> bool:
    """A reply that was replaced after it came must not come back through its continuation."""
    calls = [(part.tool_call_id, part.tool_name, _arguments(part)) for part in kept.tool_calls]
    return _text_of(kept) == message.text and calls == [
        (call.id, call.name, dict(call.arguments)) for call in message.tool_calls
    ]


def parameters(request: ChatRequest, structured_by: StructuredBy) -> ModelRequestParameters:
    """The tools, and the form that the reply shall have."""
    tools = [_tool(tool.name, dict(tool.schema), tool.description) for tool in request.tools]
    schema = request.response_schema
    if schema is None:
        return ModelRequestParameters(function_tools=tools)
    plain = dict(schema)
    match structured_by:
        case "tool":
            answer = replace(_tool(ANSWER_TOOL, plain, "Give the answer."), kind="output")
            return ModelRequestParameters(
                function_tools=tools, output_mode="tool", output_tools=[answer], allow_text_output=False
            )
        case "native":
            definition = OutputObjectDefinition(plain, name=ANSWER_TOOL)
            return ModelRequestParameters(function_tools=tools, output_mode="native", output_object=definition)
        case "prompt":
            definition = OutputObjectDefinition(plain, name=ANSWER_TOOL)
            return ModelRequestParameters(function_tools=tools, output_mode="prompted", output_object=definition)


def _tool(name: str, schema: dict[str, Any], description: str) -> ToolDefinition:
    return ToolDefinition(name=name, parameters_json_schema=schema, description=description)


def settings(request: ChatRequest) -> ModelSettings:
    """What a request sets, besides messages and tools."""
    chosen: dict[str, Any] = {"max_tokens": request.maximum_output_tokens}
    if request.temperature is not None:
        chosen["temperature"] = request.temperature
    if request.stop:
        chosen["stop_sequences"] = list(request.stop)
    if request.tools and request.tool_choice != "auto" and request.response_schema is None:
        chosen["tool_choice"] = request.tool_choice
    return cast("ModelSettings", chosen)


def from_vendor(response: ModelResponse, request: ChatRequest, *, name: str, request_id: str) -> ChatReply:
    """The reply in our words; raises `ReplyLost` or `RequestRefused` for one that is none."""
    usage = usage_of(response.usage)
    if response.finish_reason == "content_filter":
        raise port.RequestRefused(port.CONTENT_FILTERED, f"The filter of the model '{name}' stopped this.", usage=usage)
    if response.finish_reason == "error":
        raise _failed_inside(response, name, usage)
    calls: list[ToolCall] = []
    structured: dict[str, Any] | None = None
    for part in response.tool_calls:
        if part.tool_name == ANSWER_TOOL and request.response_schema is not None:
            structured = _object(part, name, usage, port.BAD_STRUCTURE)
        else:
            calls.append(_tool_call(part, request, name, usage))
    text = _text_of(response)
    if request.response_schema is not None and structured is None and not calls:
        structured = _structure(text, name, usage)
    if not text and not calls and structured is None:
        raise port.ReplyLost(port.EMPTY, f"The model '{name}' answered nothing.", usage=usage)
    return ChatReply(
        text=text,
        tool_calls=tuple(calls),
        usage=usage,
        stop_reason=_stop_reason(response, calls),
        model=response.model_name or "",
        request_id=request_id or response.provider_response_id or "",
        structured=structured,
        continuation=_continuation(response),
    )


def usage_of(usage: RequestUsage) -> Usage:
    """Tokens as the vendor reported them."""
    return Usage(usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens)


def _failed_inside(response: ModelResponse, name: str, usage: Usage) -> port.ReplyLost:
    reason = str((response.provider_details or {}).get("finish_reason", ""))
    if "FUNCTION_CALL" in reason or "TOOL_CALL" in reason:
        return _bad_call(name, usage)
    return port.ReplyLost(port.UNREADABLE, f"The model '{name}' failed inside.", usage=usage, vendor_code=reason[:100])


def _tool_call(part: ToolCallPart, request: ChatRequest, name: str, usage: Usage) -> ToolCall:
    if part.tool_name not in {tool.name for tool in request.tools}:
        raise _bad_call(name, usage)
    return ToolCall(part.tool_call_id, part.tool_name, _object(part, name, usage, port.BAD_TOOL_CALL))


def _bad_call(name: str, usage: Usage) -> port.ReplyLost:
    return port.ReplyLost(port.BAD_TOOL_CALL, f"The model '{name}' made a tool call that cannot be read.", usage=usage)


def _object(part: ToolCallPart, name: str, usage: Usage, code: str) -> dict[str, Any]:
    arguments = _arguments(part)
    if arguments is None:
        raise _bad_call(name, usage) if code == port.BAD_TOOL_CALL else _bad_structure(name, usage)
    return arguments


def _arguments(part: ToolCallPart) -> dict[str, Any] | None:
    """The arguments, or None when they are no JSON object. No arguments at all are an empty object."""
    given = part.args
    if given is None or given == "":
        return {}
    if isinstance(given, str):
        given = _read_json(given)
    return cast("dict[str, Any]", given) if isinstance(given, dict) else None


def _structure(text: str, name: str, usage: Usage) -> dict[str, Any]:
    """The JSON object that the text is, also inside a code fence, as models without a JSON mode like to write it."""
    inner = text.strip()
    if inner.startswith("```") and inner.endswith("```"):
        inner = inner[3:-3].removeprefix("json").strip()
    found = _read_json(inner)
    if not isinstance(found, dict):
        raise _bad_structure(name, usage)
    return cast("dict[str, Any]", found)


def _bad_structure(name: str, usage: Usage) -> port.ReplyLost:
    return port.ReplyLost(port.BAD_STRUCTURE, f"The model '{name}' answered no JSON object.", usage=usage)


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text_of(response: ModelResponse) -> str:
    return "".join(part.content for part in response.parts if isinstance(part, TextPart))


def _stop_reason(response: ModelResponse, calls: list[ToolCall]) -> StopReason:
    if response.finish_reason == "length":
        return "length"
    if calls:
        return "tool_calls"
    raw = str((response.provider_details or {}).get("finish_reason", ""))
    return "stop_sequence" if "stop_sequence" in raw else "end"


def _continuation(response: ModelResponse) -> str:
    """The reply as the vendor made it, when it holds more than words and calls (signed thoughts)."""
    signed = any(
        isinstance(part, ThinkingPart) or (isinstance(part, ToolCallPart | TextPart) and part.provider_details)
        for part in response.parts
    )
    if not signed:
        return ""
    text = ModelMessagesTypeAdapter.dump_json([response]).decode()
    return text if len(text) <= LONGEST_CONTINUATION_CHARACTERS else ""
