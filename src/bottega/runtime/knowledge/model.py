"""The records of knowledge: documents, their versions and passages, and what is cited of them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

DocumentTrust = Literal["shop", "third_party"]
DocumentState = Literal["current", "withdrawn", "missing", "unreadable"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document that is not to be torn apart: a paragraph, a list item, a few rows of a table.

    `section` holds the headings above it, the outermost first. `heading_row` is a table's first row, told again where
    the table goes on in another passage.
    """

    section: tuple[str, ...]
    text: str
    heading_row: str = ""


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A file as it was read; `label` is the version that the document itself states, if it does."""

    title: str
    blocks: tuple[Block, ...]
    media_type: str
    label: str = ""
    language: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    trust: DocumentTrust | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """What is found and quoted: up to about 1,200 characters of one section."""

    section: tuple[str, ...]
    text: str


class Citation(BaseModel):
    """Where a quoted passage stands, so that anybody can look it up."""

    model_config = ConfigDict(frozen=True)

    passage_id: str
    document: str
    path: str
    section: str
    version: str
    valid_from: date | None
    age_days: int


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that answers a question, with what is needed to cite it and to know until when it may be cited."""

    citation: Citation
    text: str
    score: float
    trust: DocumentTrust
    version_id: str
    ingested_at: datetime
    fresh_until: datetime


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A file that could not be taken in, and why."""

    path: str
    code: str
    reason: str


@dataclass(slots=True)
class IngestSummary:
    """What one look at a folder found and did."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    missing: int = 0
    rejected: list[FileProblem] = field(default_factory=list[FileProblem])
