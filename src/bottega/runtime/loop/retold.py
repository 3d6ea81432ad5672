"""Retold: what a run found out, said from our own records alone, where a model's words cannot stand."""

from collections.abc import Iterator
from typing import Any

from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence, Json
from bottega.runtime.guard.handles import IDENTIFIER
from bottega.runtime.guard.words import normalised
from bottega.runtime.loop.records import HANDLE, find_record, records_in, title_of, trusted

MOST_RETOLD = 4
LONGEST_QUOTE_CHARACTERS = 400
SHORTEST_TITLE_CHARACTERS = 3


def retold(said: str, context: RunContext) -> str:
    """The role's sentence for it, passages of our documents quoted, and the records by their handles: those that the
    text names, else those that this run has found. Nothing of the text itself is in it."""
    lines = [context.role.safe_texts["third_party_words"]]
    names: list[str] = []
    for identifier in _wanted(said, context):
        record, evidence = find_record(context.evidence, identifier)
        if evidence is None:
            continue
        handle = context.handles.handle_of(identifier)
        if evidence.kind == "passage":
            text = str(record.get("text", "")).strip()
            if text:
                lines.append(f"“{_shortened(text)}” [{handle}]")
        elif title_of(record):
            names.append(f"[{handle}]")
    if names:
        lines.append(f"{', '.join(names)}.")
    return "\n\n".join(lines)


def _wanted(said: str, context: RunContext) -> list[str]:
    named = [context.handles.resolve(match[1] or match[2]) for match in HANDLE.finditer(said)]
    mentioned = [*filter(None, named), *_titled(said, context)]
    passages = [one for one in _found(context, "passage") if one in mentioned] or list(_found(context, "passage"))[:1]
    records = [one for one in dict.fromkeys(mentioned) if one not in passages]
    return [*passages[:MOST_RETOLD], *(records or list(_found(context, "record")))[:MOST_RETOLD]]


def _titled(said: str, context: RunContext) -> Iterator[str]:
    """Records whose title stands in a text."""
    text = f" {normalised(said)} "
    for evidence in context.evidence:
        for record in records_in(trusted(evidence)):
            title = title_of(record)
            if len(title) >= SHORTEST_TITLE_CHARACTERS and _is_identified(record):
                wanted = normalised(title)
                if wanted and f" {wanted} " in text:
                    yield str(record["id"])


def _found(context: RunContext, kind: str) -> Iterator[str]:
    """Records that this run's own tools have shown, the newest answer first, each answer in its order."""
    seen: dict[str, None] = {}
    of_this_run = [one for one in context.evidence if one.id.startswith(f"{context.run.id}.")]
    for evidence in reversed(of_this_run):
        if evidence.kind == kind:
            seen.update(dict.fromkeys(_outermost(evidence)))
    yield from seen


def _outermost(evidence: Evidence) -> Iterator[str]:
    """The records of an answer that stand in no other record of it."""
    waiting: list[Json] = [trusted(evidence)]
    while waiting:
        value: Any = waiting.pop(0)
        if isinstance(value, dict):
            if _is_identified(value) and title_of(value):  # pyright: ignore[reportUnknownArgumentType] - JSON
                yield str(value["id"])  # pyright: ignore[reportUnknownArgumentType] - JSON
            else:
                waiting += value.values()  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - JSON
        elif isinstance(value, list | tuple):
            waiting += value  # pyright: ignore[reportUnknownArgumentType] - JSON


def _is_identified(record: Any) -> bool:
    return IDENTIFIER.fullmatch(str(record.get("id", ""))) is not None


def _shortened(text: str) -> str:
    flat = " ".join(text.split()).replace("“", "'").replace("”", "'")
    if len(flat) <= LONGEST_QUOTE_CHARACTERS:
        return flat
    return flat[:LONGEST_QUOTE_CHARACTERS].rsplit(" ", 1)[0] + " …"
