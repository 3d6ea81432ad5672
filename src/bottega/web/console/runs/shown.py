"""A step of a run as people read it: what it did in a few lines, and its whole record for whoever wants it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import orjson

from bottega.web.console.shown import Tone

LONGEST_LINE_CHARACTERS = 400
LONGEST_DETAIL_CHARACTERS = 20_000
_PHASES = {
    "observe": "Observed",
    "reflect": "Reflected",
    "decide": "Decided",
    "act": "Acted",
    "log": "Logged",
}


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step of the timeline."""

    title: str
    name: str
    tone: Tone
    state: str
    fault: str | None
    began_at: datetime
    aside: str
    lines: tuple[str, ...]
    evidence: tuple[str, ...]
    detail: str


def shown_step(step: Mapping[str, Any]) -> ShownStep:
    """What to show of a step; its detail is as the journal has it."""
    took = "" if step["milliseconds"] is None else f"{step['milliseconds']:,} ms"
    record = orjson.dumps(step["detail"], option=orjson.OPT_INDENT_2, default=str).decode()
    return ShownStep(
        title=_PHASES[step["phase"]],
        name=step["name"],
        tone=_tone(step),
        state=step["state"],
        fault=step["fault"],
        began_at=step["began_at"],
        aside=took,
        lines=tuple(line[:LONGEST_LINE_CHARACTERS] for line in _lines(step["detail"])),
        evidence=tuple(_evidence(step["detail"])),
        detail=record[:LONGEST_DETAIL_CHARACTERS],
    )


def _tone(step: Mapping[str, Any]) -> Tone:
    if step["fault"] is not None or step["state"] == "refused":
        return "bad"
    if step["state"] in ("waiting", "intended"):
        return "attention"
    return "good" if step["phase"] == "act" else "quiet"


def _lines(detail: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    if told := _record(detail.get("routed")):
        tokens = f"{told.get('input_tokens', 0):,} + {told.get('output_tokens', 0):,} tokens"
        lines.append(f"{told.get('level')} model {told.get('route')}: {told.get('reason')}, {tokens}")
    if said := _record(detail.get("reply")):
        lines += [f"wants {call['name']} {_short(call['arguments'])}" for call in said.get("calls") or ()]
        if said.get("text"):
            lines.append(f"says “{said['text']}”")
    for verdict in detail.get("verdicts") or ():
        if verdict.get("verdict") != "go":
            lines.append(f"{verdict.get('tool')}: {verdict.get('verdict')} {verdict.get('code', '')}".strip())
    if became := _record(detail.get("outcome")):
        told_of = " ".join(str(became[name]) for name in ("code", "message", "id") if became.get(name))
        lines.append(f"{became.get('kind')}{': ' + told_of if told_of else ''}")
    if detail.get("found"):
        lines.append(f"the reply was replaced: {detail.get('fault')} {_short(detail['found'])}")
    return lines


def _evidence(detail: Mapping[str, Any]) -> list[str]:
    """What the step brought to light, by where it came from and how far it is trusted."""
    found: list[str] = []
    for item in detail.get("evidence") or ():
        if one := _record(item):
            source = one.get("source") or one.get("kind") or "evidence"
            trust = one.get("trust") or one.get("label") or ""
            found.append(f"{source}{' · ' + str(trust) if trust else ''}")
    return found


def _record(value: Any) -> dict[str, Any]:
    """The value if it is a record, an empty one otherwise."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _short(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
