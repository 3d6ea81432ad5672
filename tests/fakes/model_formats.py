"""How OpenAI and Anthropic write replies, streams and errors, for the local model server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from bottega.ports.chat_model import ChatReply, ToolCall

MODEL = "example-model-1"
BROKEN_ARGUMENTS = '{"sku": "TENT-2", "quan'


@dataclass(frozen=True)
class Error:
    """An answer with an error status."""

    status: int
    body: Any
    headers: dict[str, str]


class Format(Protocol):
    """One vendor's way of writing."""

    stream_type: str

    def streams(self, path: str, body: Any) -> bool:
        """Whether the request asks for a stream."""
        ...

    def whole(self, reply: ChatReply, *, broken_call: bool = False) -> Any:
        """The JSON of a reply; with `broken_call` its tool call cannot be read."""
        ...

    def events(self, reply: ChatReply, *, broken_call: bool = False) -> Iterator[bytes]:
        """The events of a stream, in order; the ones that end it come last."""
        ...

    def ending_events(self) -> int:
        """How many events at the end say that the reply is over."""
        ...

    def error(self, kind: str) -> Error: ...

    def filtered(self) -> Any:
        """The JSON of a reply that the vendor's filter stopped."""
        ...

    def filtered_events(self) -> Iterator[bytes]: ...

    def broken_event(self) -> bytes:
        """An event that is not in the format."""
        ...


def pieces(text: str) -> list[str]:
    """A text in a few pieces, as a stream brings it."""
    return [text[start : start + 6] for start in range(0, len(text), 6)]


def arguments_of(call: ToolCall, *, broken: bool) -> str:
    return BROKEN_ARGUMENTS if broken else json.dumps(dict(call.arguments))


def sse(data: Any, event: str | None = None) -> bytes:
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


class OpenAIFormat:
    """Chat completions."""

    stream_type = "text/event-stream"
    finish: ClassVar[dict[str, str]] = {
        "end": "stop",
        "tool_calls": "tool_calls",
        "length": "length",
        "stop_sequence": "stop",
    }
    errors: ClassVar[dict[str, tuple[int, str, str]]] = {
        "rate_limited": (429, "rate_limit_exceeded", "Rate limit reached"),
        "overloaded": (503, "server_error", "The server is overloaded"),
        "quota_exhausted": (429, "insufficient_quota", "You exceeded your current quota"),
        "not_permitted": (401, "invalid_api_key", "Incorrect API key provided"),
        "not_found": (404, "model_not_found", "The model does not exist"),
        "too_long": (400, "context_length_exceeded", "This model's maximum context length is 8192 tokens"),
        "not_accepted": (400, "invalid_value", "Invalid value"),
    }

    def streams(self, path: str, body: Any) -> bool:
        return bool(body.get("stream"))

    def usage(self, reply: ChatReply) -> Any:
        usage = reply.usage
        return {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
        }

    def whole(self, reply: ChatReply, *, broken_call: bool = False) -> Any:
        message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
        if reply.tool_calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": arguments_of(call, broken=broken_call)},
                }
                for call in reply.tool_calls
            ]
        return self._completion(message, self.finish[reply.stop_reason]) | {"usage": self.usage(reply)}

    def events(self, reply: ChatReply, *, broken_call: bool = False) -> Iterator[bytes]:
        yield self._chunk({"role": "assistant", "content": ""})
        for piece in pieces(reply.text):
            yield self._chunk({"content": piece})
        for index, call in enumerate(reply.tool_calls):
            begun = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name}}
            yield self._chunk({"tool_calls": [begun]})
            for piece in pieces(arguments_of(call, broken=broken_call)):
                yield self._chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        yield self._chunk({}, self.finish[reply.stop_reason])
        yield sse(self._base("chat.completion.chunk") | {"choices": [], "usage": self.usage(reply)})
        yield sse("[DONE]")

    def ending_events(self) -> int:
        return 3

    def error(self, kind: str) -> Error:
        status, code, message = self.errors[kind]
        return Error(status, {"error": {"message": message, "type": code, "param": None, "code": code}}, {})

    def filtered(self) -> Any:
        return self._completion({"role": "assistant", "content": ""}, "content_filter")

    def filtered_events(self) -> Iterator[bytes]:
        yield self._chunk({"role": "assistant", "content": "I "})
        yield self._chunk({}, "content_filter")
        yield sse("[DONE]")

    def broken_event(self) -> bytes:
        return sse("{not json")

    def _base(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": 1_780_000_000, "model": MODEL}

    def _completion(self, message: Any, finish: str) -> dict[str, Any]:
        return self._base("chat.completion") | {"choices": [{"index": 0, "message": message, "finish_reason": finish}]}

    def _chunk(self, delta: Any, finish: str | None = None) -> bytes:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
        return sse(self._base("chat.completion.chunk") | {"choices": choices})


class AnthropicFormat:
    """Messages."""

    stream_type = "text/event-stream"
    finish: ClassVar[dict[str, str]] = {
        "end": "end_turn",
        "tool_calls": "tool_use",
        "length": "max_tokens",
        "stop_sequence": "stop_sequence",
    }
    errors: ClassVar[dict[str, tuple[int, str, str]]] = {
        "rate_limited": (429, "rate_limit_error", "This request would exceed your rate limit"),
        "overloaded": (529, "overloaded_error", "Overloaded"),
        "not_permitted": (401, "authentication_error", "invalid x-api-key"),
        "not_found": (404, "not_found_error", "model: example-model-1"),
        "too_long": (400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
        "not_accepted": (400, "invalid_request_error", "messages: roles must alternate"),
    }

    def streams(self, path: str, body: Any) -> bool:
        return bool(body.get("stream"))

    def usage(self, reply: ChatReply) -> Any:
        usage = reply.usage
        # The vendor counts what is read from its cache apart.
        return {
            "input_tokens": usage.input_tokens - usage.cached_input_tokens - usage.cache_written_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_input_tokens": usage.cached_input_tokens,
            "cache_creation_input_tokens": usage.cache_written_tokens,
        }

    def whole(self, reply: ChatReply, *, broken_call: bool = False) -> Any:
        content: list[Any] = [{"type": "text", "text": reply.text}] if reply.text else []
        for call in reply.tool_calls:
            given: Any = BROKEN_ARGUMENTS if broken_call else dict(call.arguments)
            content.append({"type": "tool_use", "id": call.id, "name": call.name, "input": given})
        return self._message(content, self.finish[reply.stop_reason]) | {"usage": self.usage(reply)}

    def events(self, reply: ChatReply, *, broken_call: bool = False) -> Iterator[bytes]:
        begun = self._message([], None) | {"usage": self.usage(reply) | {"output_tokens": 1}}
        yield self._event("message_start", message=begun)
        index = 0
        if reply.text:
            yield self._event("content_block_start", index=index, content_block={"type": "text", "text": ""})
            for piece in pieces(reply.text):
                yield self._event("content_block_delta", index=index, delta={"type": "text_delta", "text": piece})
            yield self._event("content_block_stop", index=index)
            index += 1
        for call in reply.tool_calls:
            block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
            yield self._event("content_block_start", index=index, content_block=block)
            for piece in pieces(arguments_of(call, broken=broken_call)):
                delta = {"type": "input_json_delta", "partial_json": piece}
                yield self._event("content_block_delta", index=index, delta=delta)
            yield self._event("content_block_stop", index=index)
            index += 1
        ended = {"stop_reason": self.finish[reply.stop_reason], "stop_sequence": None}
        yield self._event("message_delta", delta=ended, usage={"output_tokens": reply.usage.output_tokens})
        yield self._event("message_stop")

    def ending_events(self) -> int:
        return 2

    def error(self, kind: str) -> Error:
        status, code, message = self.errors[kind]
        return Error(status, {"type": "error", "error": {"type": code, "message": message}}, {})

    def filtered(self) -> Any:
        return self._message([], "refusal") | {"usage": {"input_tokens": 5, "output_tokens": 1}}

    def filtered_events(self) -> Iterator[bytes]:
        begun = self._message([], None) | {"usage": {"input_tokens": 5, "output_tokens": 1}}
        yield self._event("message_start", message=begun)
        yield self._event("message_delta", delta={"stop_reason": "refusal", "stop_sequence": None}, usage={})
        yield self._event("message_stop")

    def broken_event(self) -> bytes:
        return sse("{not json", "content_block_delta")

    def _message(self, content: Any, stop_reason: str | None) -> dict[str, Any]:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
        }

    def _event(self, kind: str, **data: Any) -> bytes:
        return sse({"type": kind, **data}, kind)
