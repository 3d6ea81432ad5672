"""A conversation as AG-UI events: what a turn says is a function of its record, so it can be told again at any time.

Events are those of `ag-ui-protocol` 1.0. Each carries `metadata.event_id`, `<turn>.<place>`; whoever comes back after
a dropped connection names the last one they saw. What only says that work is under way has no id and is not repeated.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ag_ui.core import (
    BaseEvent,
    CustomEvent,
    RunFinishedEvent,
    RunStartedEvent,
    StateSnapshotEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    ToolCallEndEvent,
    ToolCallResultEvent,
    ToolCallStartEvent,
)

from bottega.runtime.run import Turn

_SENTENCE = re.compile(r"\S[^.!?\n]*[.!?\n]*\s*|\s+")
_EVENT_ID = re.compile(r"^(\d{1,9})\.(\d{1,6})$")
# What of a reply's record travels under a name of its own.
_CUSTOM = ("cards", "orders", "citations", "confirmation", "payment_page")


def events_of(turn: Turn) -> list[BaseEvent]:
    """Everything that a turn has to tell so far; more is appended when it is answered, and nothing else changes."""
    events = list(_events(turn))
    for place, event in enumerate(events):
        event.metadata = {"event_id": f"{turn.ordinal}.{place}"}
    return events


def events_after(turns: Sequence[Turn], last: tuple[int, int]) -> Iterator[tuple[tuple[int, int], BaseEvent]]:
    """What was not seen yet of these turns, with its position."""
    for turn in turns:
        for place, event in enumerate(events_of(turn)):
            if (turn.ordinal, place) > last:
                yield (turn.ordinal, place), event


def position_of(event_id: str | None) -> tuple[int, int]:
    """The position that an event id names; the beginning for none, and for one that is not ours."""
    match = _EVENT_ID.match(event_id or "")
    return (0, -1) if match is None else (int(match[1]), int(match[2]))


def activity_event(activity: Mapping[str, Any]) -> CustomEvent:
    """A remark that work is under way."""
    return CustomEvent(name="activity", value=dict(activity))


def _events(turn: Turn) -> Iterator[BaseEvent]:
    if turn.asked:
        asked_id = f"{turn.session_id}:{turn.ordinal}:asked"
        yield from _message(asked_id, turn.asked, role="user", name=None)
    yield RunStartedEvent(thread_id=turn.session_id, run_id=turn.run_id)
    if turn.reply is None:
        if turn.answered_at is not None:
            # A colleague has the conversation; their words come as turns of their own.
            yield CustomEvent(name="waits_for_person", value={})
            yield RunFinishedEvent(thread_id=turn.session_id, run_id=turn.run_id)
        return
    reply: Mapping[str, Any] = {**turn.reply.get("attachments", {}), **turn.reply}
    for place, call in enumerate(reply.get("tool_calls") or ()):
        yield from _call(f"{turn.run_id}:{place}", call)
    author: Mapping[str, Any] = reply.get("author") or {}
    reply_id = f"{turn.session_id}:{turn.ordinal}:reply"
    yield from _message(reply_id, str(reply["text"]), role="assistant", name=author.get("kind"))
    for name in _CUSTOM:
        if reply.get(name):
            yield CustomEvent(name=name, value=reply[name])
    yield StateSnapshotEvent(
        snapshot={
            "asks_for": reply.get("asks_for"),
            "choices": reply.get("choices") or [],
            "handover": bool(reply.get("handover")),
            "level": reply.get("level") or "rules",
            "cost_micros": reply.get("cost_micros") or 0,
            "replaced": reply.get("replaced"),
        }
    )
    yield RunFinishedEvent(thread_id=turn.session_id, run_id=turn.run_id)


def _message(message_id: str, text: str, *, role: Any, name: Any) -> Iterator[BaseEvent]:
    """Sentence by sentence. A reply goes out only after it was checked as a whole."""
    yield TextMessageStartEvent(message_id=message_id, role=role, name=name)
    for sentence in _SENTENCE.findall(text):
        yield TextMessageContentEvent(message_id=message_id, delta=sentence)
    yield TextMessageEndEvent(message_id=message_id)


def _call(call_id: str, call: Mapping[str, Any]) -> Iterator[BaseEvent]:
    """That a tool ran and how it ended; its arguments and results are the assistant's business."""
    yield ToolCallStartEvent(tool_call_id=call_id, tool_call_name=str(call["tool"]))
    yield ToolCallEndEvent(tool_call_id=call_id)
    yield ToolCallResultEvent(message_id=f"{call_id}:result", tool_call_id=call_id, content=str(call["state"]))
