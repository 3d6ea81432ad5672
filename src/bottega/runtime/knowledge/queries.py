"""Reading what is known of the documents: lists for staff, and passages for whoever follows a citation."""

from datetime import date, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field

from bottega.kernel.errors import NotFound
from bottega.platform.database.pool import Connection
from bottega.runtime.knowledge.model import Citation, DocumentState, DocumentTrust

# A document that nobody has seen unchanged for longer than this is not cited: the shop may say something else by now.
FRESH_FOR = timedelta(hours=24)

Standing = Literal["citable", "stale", "not_yet_valid", "expired", "withdrawn", "missing", "unreadable"]


class DocumentShown(BaseModel):
    """A document as staff see it; `standing` says whether it is cited, and if not, why."""

    id: str
    source: str
    path: str
    title: str | None
    version: str | None
    trust: DocumentTrust | None
    state: DocumentState
    standing: Standing
    reason: str
    valid_from: date | None
    valid_until: date | None
    passages: int
    ingested_at: datetime | None
    checked_at: datetime
    fresh_until: datetime
    cited: int = Field(description="How often it was cited in the last 30 days.")


class PassageShown(BaseModel):
    """A cited passage, also of a version that is no longer the newest."""

    citation: Citation
    text: str
    is_current: bool


def standing_sql(document: str = "d", version: str = "v", now: str = "$1") -> str:
    """Whether a document may be cited, as SQL over its row and its newest version's."""
    return (
        f"CASE WHEN {document}.state <> 'current' THEN {document}.state "
        f"WHEN {version}.valid_from > {now}::date THEN 'not_yet_valid' "
        f"WHEN {version}.valid_until < {now}::date THEN 'expired' "
        f"WHEN {document}.checked_at < {now} - interval '{int(FRESH_FOR.total_seconds())} seconds' THEN 'stale' "
        "ELSE 'citable' END"
    )


async def list_documents(
    connection: Connection, now: datetime, *, standing: Standing | None = None, after: str = "", limit: int = 50
) -> list[dict[str, Any]]:
    """Documents by id, oldest first; at most 200."""
    rows = await connection.fetch(_LISTED, now, standing, after, min(limit, 200), FRESH_FOR)
    return [dict(row) for row in rows]


async def get_document(connection: Connection, document_id: str, now: datetime) -> dict[str, Any]:
    """One document with its versions, the newest first, and the passages of that one."""
    row = await connection.fetchrow(f"SELECT * FROM ({_ALL}) AS shown WHERE id = $3", now, FRESH_FOR, document_id)
    if row is None:
        raise _no_such_document(document_id)
    versions = await connection.fetch(
        "SELECT id, number, label, title, language, media_type, trust, size_bytes, valid_from, valid_until, "
        "ingested_at FROM runtime.document_versions WHERE document_id = $1 ORDER BY number DESC LIMIT 100",
        document_id,
    )
    passages = await connection.fetch(
        "SELECT p.id, p.section, p.text FROM runtime.documents d "
        "JOIN runtime.passages p ON p.version_id = d.version_id WHERE d.id = $1 ORDER BY p.position",
        document_id,
    )
    return {**dict(row), "versions": [dict(version) for version in versions], "text": [dict(row) for row in passages]}


async def get_passage(connection: Connection, passage_id: str, now: datetime) -> PassageShown:
    """What a citation points at; of a withdrawn document nobody is shown anything any more."""
    row = await connection.fetchrow(_PASSAGE, now, passage_id)
    if row is None:
        raise NotFound(
            "no_such_passage",
            f"There is no passage {passage_id[:40]} that may be shown.",
            next_step="Ask again: the shop's documents may have changed.",
        )
    return PassageShown(citation=citation_of(row), text=row["text"], is_current=row["is_current"])


def citation_of(row: Any) -> Citation:
    """A citation out of a row that has the columns of `CITED`."""
    return Citation(
        passage_id=row["passage_id"],
        document=row["title"],
        path=row["path"],
        section=" > ".join(row["section"]),
        version=row["label"] or str(row["number"]),
        valid_from=row["valid_from"],
        age_days=max(row["age_days"], 0),
    )


CITED = (
    "p.id AS passage_id, v.title, d.path, p.section, v.label, v.number, v.valid_from, "
    "($1::date - coalesce(v.valid_from, v.ingested_at::date)) AS age_days"
)


def _no_such_document(document_id: str) -> NotFound:
    return NotFound("no_such_document", f"There is no document {document_id[:40]}.", next_step="List the documents.")


_ALL = f"""
SELECT d.id, d.source, d.path, v.title, CASE WHEN v.label = '' THEN v.number::text ELSE v.label END AS version, v.trust,
       d.state, {standing_sql()} AS standing, d.reason, v.valid_from, v.valid_until, v.ingested_at, d.checked_at,
       d.checked_at + $2 AS fresh_until,
       (SELECT count(*) FROM runtime.passages p WHERE p.version_id = d.version_id) AS passages,
       (SELECT count(*) FROM runtime.citations c JOIN runtime.document_versions w ON w.id = c.version_id
        WHERE w.document_id = d.id AND c.cited_at > $1 - interval '30 days') AS cited
FROM runtime.documents d LEFT JOIN runtime.document_versions v ON v.id = d.version_id"""

_LISTED = f"""
SELECT * FROM ({_ALL.replace("$2", "$5")}) AS shown
WHERE ($2::text IS NULL OR standing = $2) AND id > $3 ORDER BY id LIMIT $4"""

_PASSAGE = f"""
SELECT {CITED}, p.text, d.version_id = v.id AS is_current
FROM runtime.passages p JOIN runtime.document_versions v ON v.id = p.version_id
JOIN runtime.documents d ON d.id = v.document_id
WHERE p.id = $2 AND d.state <> 'withdrawn' AND v.trust = 'shop'"""
