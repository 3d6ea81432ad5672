"""Log: the reply is checked, its handles become titles, and what the run has come to is written down."""

import re
from collections.abc import Mapping
from dataclasses import replace

import structlog

from bottega.runtime.confirmation import ConfirmationRequest
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence, Json
from bottega.runtime.guard.guard import Fault, Guard
from bottega.runtime.loop.records import HANDLE, find_record, title_of
from bottega.runtime.loop.retold import retold
from bottega.runtime.reply import Citation, Reference, Reply, ReplyFault

_log = structlog.get_logger(__name__)


async def compose(context: RunContext, guard: Guard, raw: str) -> tuple[Reply, Mapping[str, Json]]:
    """The reply that goes out for a model's text, and what the journal keeps of its check."""
    said = str(context.masks.put_back(raw)).strip()
    for check in guard.checks:
        checked = check.check(said, context)
        if isinstance(checked, Fault):
            _log.info("reply_replaced", run_id=context.run.id, check=check.name, fault=checked.fault)
            reply = await presented(_instead(said, checked.fault, context), context)
            return reply, {"check": check.name, "fault": checked.fault, "found": dict(checked.detail), "said": said}
        said = checked
    return await presented(rendered(said, context), context), {"fault": None}


def _instead(said: str, fault: ReplyFault, context: RunContext) -> Reply:
    """What is said in place of a text that cannot stand: of what third parties wrote, what the records say of it."""
    if fault != "third_party_words":
        return safe_reply(context, fault)
    return replace(rendered(retold(said, context), context), replaced=fault)


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


def _citation(evidence: Evidence, record: Mapping[str, Json]) -> Citation:
    return Citation(
        evidence_id=evidence.id,
        source=str(record.get("source") or record.get("document") or evidence.source),
        version=str(record.get("version") or evidence.version),
        title=str(record.get("title") or ""),
        section=str(record.get("section") or ""),
    )
