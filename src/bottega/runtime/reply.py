"""What a run answers: text that was checked, and the records it refers to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bottega.runtime.confirmation import ConfirmationRequest
from bottega.runtime.evidence import Json

ReplyFault = Literal["ungrounded", "unproven_claim", "echo", "too_long", "limit", "stopped", "unavailable", "error"]


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
    references: tuple[Reference, ...] = ()
    citations: tuple[Citation, ...] = ()
    confirmation: ConfirmationRequest | None = None
    choices: tuple[str, ...] = ()
    attachments: Mapping[str, Json] = field(default_factory=dict[str, Json])
    level: str = ""
    route: str = ""
    replaced: ReplyFault | None = None
