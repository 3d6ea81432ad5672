"""How many tokens a request holds: likely, and at most."""

from typing import Any

import orjson

from bottega.ports.chat_model import AssistantMessage, ChatRequest, SystemMessage, ToolResult, UserMessage

# What vendors add around each message and each tool, and once for using tools at all, generously.
MESSAGE_TOKENS = 8
TOOL_TOKENS = 32
REQUEST_TOKENS = 600
# Prose of European languages has three to five characters per token.
CHARACTERS_PER_TOKEN = 3.2


def likely_input_tokens(request: ChatRequest) -> int:
    """What a tokenizer will probably count."""
    return round(_bytes(request) / CHARACTERS_PER_TOKEN) + len(request.messages) * MESSAGE_TOKENS


def most_input_tokens(request: ChatRequest) -> int:
    """What no tokenizer can pass: each token stands for one byte at least."""
    around = REQUEST_TOKENS + len(request.messages) * MESSAGE_TOKENS + len(request.tools) * TOOL_TOKENS
    return _bytes(request) + around


def _bytes(request: ChatRequest) -> int:
    total = sum(_message_bytes(message) for message in request.messages)
    total += sum(
        len(tool.name) + len(tool.description.encode()) + len(_json(dict(tool.schema))) for tool in request.tools
    )
    return total + (0 if request.response_schema is None else len(_json(dict(request.response_schema))))


def _message_bytes(message: SystemMessage | UserMessage | AssistantMessage | ToolResult) -> int:
    match message:
        case SystemMessage(text) | UserMessage(text):
            return len(text.encode())
        case AssistantMessage(text, calls, continuation):
            called = sum(len(call.name) + len(_json(dict(call.arguments))) for call in calls)
            return len(text.encode()) + called + len(continuation.encode())
        case ToolResult(_, name, content):
            return len(name) + len(content.encode() if isinstance(content, str) else _json(content))


def _json(value: Any) -> bytes:
    return orjson.dumps(value, default=str)
