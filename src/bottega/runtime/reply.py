"""What a run answers: text that was checked, and the records it refers to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bottega.runtime.confirmation import ConfirmationRequest
from bottega.runtime.evidence import Json

ReplyFault = Literal[
    "ungrounded",
    "unproven_claim",
    "third_party_words",
    "echo",
    "too_long",
    "limit",
    "cancelled",
    "unavailable",
    "error",
    "not_confirmed",
]


@dataclass(frozen=True, slots=True)
class Reference:
    """A record that the reply shows: `handle` is what stood in the text, `id` the record's own."""

    handle: str
    noun: str
    id: str


@dataclass(frozen=True, slots=True)
class Citation:
    """A passage that the reply rests on."""

    evidence_id: str
    source: str
    version: str
    title: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A checked reply. `level` and `route` say which model served it; `replaced` is why a safe text stands instead of
    the model's own, if one does. `attachments` are what a role adds (cards, summaries, choices), made from records."""

    text: str
    said: str = ""
    """The text as a model is shown it again: with handles where records are named."""
    references: tuple[Reference, ...] = ()
    citations: tuple[Citation, ...] = ()
    confirmation: ConfirmationRequest | None = None
    choices: tuple[str, ...] = ()
    attachments: Mapping[str, Json] = field(default_factory=dict[str, Json])
    level: str = ""
    route: str = ""
    replaced: ReplyFault | None = None

    def as_record(self) -> dict[str, Json]:
        """JSON-ready, as the transcript keeps it and a client is sent it."""
        asked = self.confirmation
        return {
            "text": self.text,
            "said": self.said,
            "references": [{"handle": r.handle, "noun": r.noun, "id": r.id} for r in self.references],
            "citations": [
                {"source": c.source, "version": c.version, "title": c.title, "section": c.section}
                for c in self.citations
            ],
            "confirmation": None
            if asked is None
            else {
                "id": asked.id,
                "token": asked.token,
                "summary": asked.summary,
                "tool": asked.tool,
                "expires_at": asked.expires_at.isoformat(),
            },
            "choices": list(self.choices),
            "attachments": dict(self.attachments),
            "level": self.level,
            "route": self.route,
            "replaced": self.replaced,
        }


def said_of(record: Mapping[str, Json] | None) -> str:
    """The text of a recorded reply as a model is shown it again."""
    return "" if record is None else str(record.get("said") or record.get("text") or "")
