"""Log: the reply is checked, its handles become titles, and what the run has come to is written down."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import structlog

from bottega.runtime.confirmation import ConfirmationRequest
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence, Json
from bottega.runtime.guard.guard import Fault, Guard
from bottega.runtime.reply import Citation, Reference, Reply, ReplyFault

_log = structlog.get_logger(__name__)

HANDLE = re.compile(r"\[([a-z]{3,20}_\d{1,4})\]|\b([a-z]{3,20}_\d{1,4})\b")
TITLE_FIELDS = ("title", "name", "number", "label", "subject")


async def compose(context: RunContext, guard: Guard, raw: str) -> tuple[Reply, Mapping[str, Json]]:
    """The reply that goes out for a model's text, and what the journal keeps of its check."""
    said = str(context.masks.put_back(raw)).strip()
    for check in guard.checks:
        checked = check.check(said, context)
        if isinstance(checked, Fault):
            _log.info("reply_replaced", run_id=context.run.id, check=check.name, fault=checked.fault)
            reply = await presented(safe_reply(context, checked.fault), context)
            return reply, {"check": check.name, "fault": checked.fault, "found": dict(checked.detail), "said": said}
        said = checked
    return await presented(rendered(said, context), context), {"fault": None}


def safe_reply(context: RunContext, fault: ReplyFault) -> Reply:
    """The role's own text for when its model's cannot stand."""
    text = context.role.safe_texts[fault]
    return Reply(text, said=text, replaced=fault)


def rendered(said: str, context: RunContext) -> Reply:
    """The text with records named by their titles, and what it refers to and cites."""
    references: dict[str, Reference] = {}
    citations: dict[str, Citation] = {}

    def name(match: re.Match[str]) -> str:
        handle = match[1] or match[2]
        identifier = context.handles.resolve(handle)
        if identifier is None:
            return match[0]
        record, evidence = find_record(context.evidence, identifier)
        noun = handle.rpartition("_")[0]
        if evidence is not None and evidence.kind == "passage":
            citations.setdefault(handle, _citation(evidence, record))
            return f"[{list(citations).index(handle) + 1}]"
        references.setdefault(handle, Reference(handle, noun, identifier))
        return title_of(record) or f"the {noun}"

    text = HANDLE.sub(name, said)
    return Reply(text, said=said, references=tuple(references.values()), citations=tuple(citations.values()))


def confirming(request: ConfirmationRequest) -> Reply:
    """The reply that asks for a yes: the question is the record's, whatever a model said beside it."""
    text = request.summary
    return Reply(text, said=text, confirmation=request, choices=("Yes", "No"), level="rules")


async def presented(reply: Reply, context: RunContext) -> Reply:
    """What the role makes of a reply: cards, summaries, choices."""
    return reply if context.role.presenter is None else await context.role.presenter.present(reply, context)


def find_record(evidence: Iterable[Evidence], identifier: str) -> tuple[Mapping[str, Json], Evidence | None]:
    """The newest record of an identifier that was shown: the object that has it under `id`, or else one that names it
    together with a title."""
    second: tuple[Mapping[str, Json], Evidence] | None = None
    for one in reversed(list(evidence)):
        for record in records_in(one.value):
            if record.get("id") == identifier:
                return record, one
            if second is None and identifier in record.values() and title_of(record):
                second = record, one
    return second or ({}, None)


def records_in(value: Any) -> Iterator[Mapping[str, Json]]:
    """Every object within a JSON value, itself included."""
    members: Any = value
    match value:
        case dict():
            yield members
            for member in members.values():
                yield from records_in(member)
        case list() | tuple():
            for member in members:
                yield from records_in(member)
        case _:
            return


def title_of(record: Mapping[str, Json]) -> str:
    """What people call a record."""
    return next((str(record[name]) for name in TITLE_FIELDS if isinstance(record.get(name), str | int)), "")


def _citation(evidence: Evidence, record: Mapping[str, Json]) -> Citation:
    return Citation(
        evidence_id=evidence.id,
        source=str(record.get("source") or record.get("document") or evidence.source),
        version=str(record.get("version") or evidence.version),
        title=str(record.get("title") or ""),
        section=str(record.get("section") or ""),
    )
