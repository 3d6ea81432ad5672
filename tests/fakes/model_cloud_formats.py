"""How Google and Amazon Bedrock write replies, streams and errors, for the local model server."""

import json
import zlib
from collections.abc import Iterator
from typing import Any, ClassVar

from bottega.ports.chat_model import ChatReply
from tests.fakes.model_formats import BROKEN_ARGUMENTS, MODEL, Error, arguments_of, pieces, sse


class GoogleFormat:
    """Gemini's generateContent."""

    stream_type = "text/event-stream"
    finish: ClassVar[dict[str, str]] = {
        "end": "STOP",
        "tool_calls": "STOP",
        "length": "MAX_TOKENS",
        "stop_sequence": "STOP",
    }
    errors: ClassVar[dict[str, tuple[int, str, str]]] = {
        "rate_limited": (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted"),
        "overloaded": (503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        "quota_exhausted": (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota"),
        "not_permitted": (403, "PERMISSION_DENIED", "The caller does not have permission"),
        "not_found": (404, "NOT_FOUND", "models/example-model-1 is not found"),
        "too_long": (
            400,
            "INVALID_ARGUMENT",
            "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).",
        ),
        "not_accepted": (400, "INVALID_ARGUMENT", "Invalid value"),
    }

    def streams(self, path: str, body: Any) -> bool:
        return "streamGenerateContent" in path

    def usage(self, reply: ChatReply) -> Any:
        usage = reply.usage
        return {
            "promptTokenCount": usage.input_tokens,
            "candidatesTokenCount": usage.output_tokens,
            "totalTokenCount": usage.input_tokens + usage.output_tokens,
            "cachedContentTokenCount": usage.cached_input_tokens,
        }

    def whole(self, reply: ChatReply, *, broken_call: bool = False) -> Any:
        if broken_call:
            return self._answer([], "MALFORMED_FUNCTION_CALL")
        parts: list[Any] = [{"text": reply.text}] if reply.text else []
        parts += [self._call(call) for call in reply.tool_calls]
        return self._answer(parts, self.finish[reply.stop_reason]) | {"usageMetadata": self.usage(reply)}

    def events(self, reply: ChatReply, *, broken_call: bool = False) -> Iterator[bytes]:
        for piece in pieces(reply.text):
            yield sse(self._answer([{"text": piece}], None))
        if not broken_call:
            for call in reply.tool_calls:
                yield sse(self._answer([self._call(call)], None))
        finish = "MALFORMED_FUNCTION_CALL" if broken_call else self.finish[reply.stop_reason]
        yield sse(self._answer([], finish) | {"usageMetadata": self.usage(reply)})

    def ending_events(self) -> int:
        return 1

    def error(self, kind: str) -> Error:
        status, name, message = self.errors[kind]
        details: list[Any] = []
        if kind == "quota_exhausted":
            violation = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}
            details = [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}]
        return Error(status, {"error": {"code": status, "message": message, "status": name, "details": details}}, {})

    def filtered(self) -> Any:
        return {"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": MODEL}

    def filtered_events(self) -> Iterator[bytes]:
        yield sse(self._answer([{"text": "I "}], None))
        yield sse(self._answer([], "SAFETY"))

    def broken_event(self) -> bytes:
        return sse("{not json")

    def _call(self, call: Any) -> Any:
        return {"functionCall": {"id": call.id, "name": call.name, "args": dict(call.arguments)}}

    def _answer(self, parts: list[Any], finish: str | None) -> dict[str, Any]:
        candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
        if finish is not None:
            candidate["finishReason"] = finish
        return {"candidates": [candidate], "modelVersion": MODEL, "responseId": "resp-1"}


class BedrockFormat:
    """Converse and ConverseStream; a stream is made of binary frames."""

    stream_type = "application/vnd.amazon.eventstream"
    finish: ClassVar[dict[str, str]] = {
        "end": "end_turn",
        "tool_calls": "tool_use",
        "length": "max_tokens",
        "stop_sequence": "stop_sequence",
    }
    errors: ClassVar[dict[str, tuple[int, str, str]]] = {
        "rate_limited": (429, "ThrottlingException", "Too many requests"),
        "overloaded": (503, "ServiceUnavailableException", "The service is unavailable"),
        "quota_exhausted": (400, "ServiceQuotaExceededException", "The quota is exceeded"),
        "not_permitted": (403, "AccessDeniedException", "You don't have access to the model"),
        "not_found": (404, "ResourceNotFoundException", "The model is not found"),
        "too_long": (400, "ValidationException", "Input is too long for requested model."),
        "not_accepted": (400, "ValidationException", "Malformed input request"),
    }

    def streams(self, path: str, body: Any) -> bool:
        return path.endswith("/converse-stream")

    def usage(self, reply: ChatReply) -> Any:
        usage = reply.usage
        return {
            "inputTokens": usage.input_tokens - usage.cached_input_tokens - usage.cache_written_tokens,
            "outputTokens": usage.output_tokens,
            "totalTokens": usage.input_tokens + usage.output_tokens,
            "cacheReadInputTokens": usage.cached_input_tokens,
            "cacheWriteInputTokens": usage.cache_written_tokens,
        }

    def whole(self, reply: ChatReply, *, broken_call: bool = False) -> Any:
        content: list[Any] = [{"text": reply.text}] if reply.text else []
        for call in reply.tool_calls:
            given: Any = BROKEN_ARGUMENTS if broken_call else dict(call.arguments)
            content.append({"toolUse": {"toolUseId": call.id, "name": call.name, "input": given}})
        return self._answer(content, self.finish[reply.stop_reason], self.usage(reply))

    def events(self, reply: ChatReply, *, broken_call: bool = False) -> Iterator[bytes]:
        yield event_frame("messageStart", {"role": "assistant"})
        index = 0
        if reply.text:
            for piece in pieces(reply.text):
                yield event_frame("contentBlockDelta", {"delta": {"text": piece}, "contentBlockIndex": index})
            yield event_frame("contentBlockStop", {"contentBlockIndex": index})
            index += 1
        for call in reply.tool_calls:
            begun = {"toolUse": {"toolUseId": call.id, "name": call.name}}
            yield event_frame("contentBlockStart", {"start": begun, "contentBlockIndex": index})
            for piece in pieces(arguments_of(call, broken=broken_call)):
                delta = {"toolUse": {"input": piece}}
                yield event_frame("contentBlockDelta", {"delta": delta, "contentBlockIndex": index})
            yield event_frame("contentBlockStop", {"contentBlockIndex": index})
            index += 1
        yield event_frame("messageStop", {"stopReason": self.finish[reply.stop_reason]})
        yield event_frame("metadata", {"usage": self.usage(reply), "metrics": {"latencyMs": 12}})

    def ending_events(self) -> int:
        return 2

    def error(self, kind: str) -> Error:
        status, name, message = self.errors[kind]
        return Error(status, {"message": message}, {"x-amzn-ErrorType": name})

    def filtered(self) -> Any:
        return self._answer([], "content_filtered", {"inputTokens": 5, "outputTokens": 0, "totalTokens": 5})

    def filtered_events(self) -> Iterator[bytes]:
        yield event_frame("messageStart", {"role": "assistant"})
        yield event_frame("messageStop", {"stopReason": "content_filtered"})
        yield event_frame("metadata", {"usage": {"inputTokens": 5, "outputTokens": 0, "totalTokens": 5}})

    def broken_event(self) -> bytes:
        return b"<html>this is no event stream, and long enough to look like a prelude</html>"

    def _answer(self, content: list[Any], stop_reason: str, usage: Any) -> Any:
        message = {"role": "assistant", "content": content}
        return {
            "output": {"message": message},
            "stopReason": stop_reason,
            "usage": usage,
            "metrics": {"latencyMs": 12},
        }


def event_frame(kind: str, payload: Any) -> bytes:
    """One event of a ConverseStream: prelude, headers and payload, each half closed by a CRC-32."""
    return _frame({":message-type": "event", ":event-type": kind, ":content-type": "application/json"}, payload)


def exception_frame(kind: str, message: str) -> bytes:
    """An error inside the stream."""
    headers = {":message-type": "exception", ":exception-type": kind, ":content-type": "application/json"}
    return _frame(headers, {"message": message})


def _frame(headers: dict[str, str], payload: Any) -> bytes:
    # Header value type 7 is a string with a length of two bytes.
    packed = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + len(value).to_bytes(2, "big") + value.encode()
        for name, value in headers.items()
    )
    body = json.dumps(payload).encode()
    total = 4 + 4 + 4 + len(packed) + len(body) + 4
    prelude = total.to_bytes(4, "big") + len(packed).to_bytes(4, "big")
    message = prelude + zlib.crc32(prelude).to_bytes(4, "big") + packed + body
    return message + zlib.crc32(message).to_bytes(4, "big")
