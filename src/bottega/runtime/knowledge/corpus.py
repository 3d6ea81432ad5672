"""The passages as a corpus of retrieval: their fields and weights, and which of them may be cited now."""

from collections.abc import Sequence
from datetime import datetime

from bottega.platform.database.pool import Connection
from bottega.retrieval.corpus import Corpus, Document, Field
from bottega.retrieval.fusion import Scored, Weights
from bottega.retrieval.narrowing import Narrowing
from bottega.runtime.knowledge.model import DocumentTrust
from bottega.runtime.knowledge.queries import FRESH_FOR

PASSAGES = Corpus("passages", {"title": Field(1.5), "section": Field(2.0), "text": Field(1.0, length_share=0.6)})
# Measured by benchmarks/knowledge.py: questions share few words with what answers them, so meaning counts most.
WEIGHTS = Weights(keyword=1.0, meaning=3.0, flatness=5.0, coverage=0.0, least_cosine=0.12)

_COLUMNS = (
    "passage_id",
    "version_id",
    "title",
    "path",
    "section",
    "text",
    "label",
    "number",
    "trust",
    "valid_from",
    "ingested_at",
    "checked_at",
    "age_days",
)


def document_of(passage_id: str, section: Sequence[str], text: str, title: str) -> Document:
    """A passage as retrieval gets it; for its meaning it is read together with where it stands."""
    headings = " > ".join([title, *section])
    return Document(
        passage_id,
        {"title": title, "section": " ".join(section), "text": text},
        meaning=f"{headings}\n{text}",
    )


def citable(now: datetime, trust: Sequence[DocumentTrust] = ("shop",)) -> Narrowing:
    """The passages of the newest versions that are in use, valid today and seen unchanged of late."""
    return Narrowing(
        source=f"({_CITABLE.format(documents=PASSAGES.documents)}) AS citable",
        document="citable.document",
        condition="citable.trust = ANY ($3::text[])",
        values=(now, now - FRESH_FOR, list(trust)),
        columns=tuple(f"citable.{column}" for column in _COLUMNS),
        is_wide=True,
    )


async def plainly(connection: Connection, words: Sequence[str], narrowing: Narrowing, number: int) -> list[Scored]:
    """Passages with most of the words as they were typed, for when the index is gone."""
    rows = await connection.fetch(_PLAINLY, *narrowing.values, [word for word in words if len(word) > 2], number)
    return [
        Scored(row["document"], row["share"], 0.0, row["share"], None, rank, None, 0, row)
        for rank, row in enumerate(rows, 1)
    ]


async def still_citable(connection: Connection, version_ids: Sequence[str], now: datetime) -> dict[str, str]:
    """Those of the versions that are their documents' newest, in use, valid today and seen unchanged of late."""
    rows = await connection.fetch(_STILL_CITABLE, now, now - FRESH_FOR, list(version_ids))
    return {row["id"]: row["id"] for row in rows}


_IN_USE = """
d.state = 'current' AND d.checked_at >= $2 AND coalesce(v.valid_from <= $1::timestamptz::date, true)
  AND coalesce(v.valid_until >= $1::timestamptz::date, true)"""

_STILL_CITABLE = f"""
SELECT v.id FROM runtime.documents d JOIN runtime.document_versions v ON v.id = d.version_id
WHERE v.id = ANY($3::text[]) AND {_IN_USE}"""

_NEWEST = (
    """
SELECT {document} AS document, p.id AS passage_id, v.id AS version_id, v.title, d.path, p.section, p.text, v.label,
       v.number, v.trust, v.valid_from, v.ingested_at, d.checked_at,
       $1::timestamptz::date - coalesce(v.valid_from, v.ingested_at::date) AS age_days
FROM runtime.documents d
JOIN runtime.document_versions v ON v.id = d.version_id
JOIN runtime.passages p ON p.version_id = v.id{further}
WHERE """
    + _IN_USE
)

_CITABLE = _NEWEST.replace("{document}", "s.document").replace("{further}", "\nJOIN {documents} s ON s.id = p.id")

_PLAINLY = f"""
SELECT c.*, c.matched::float8 / greatest(cardinality($4::text[]), 1) AS share
FROM (SELECT n.*, (SELECT count(*) FROM unnest($4::text[]) AS w
                   WHERE strpos(lower(n.title || ' ' || array_to_string(n.section, ' ') || ' ' || n.text), w) > 0)
             AS matched
      FROM ({_NEWEST.replace("{document}", "(row_number() OVER (ORDER BY p.id))::int").replace("{further}", "")}) AS n
      WHERE n.trust = ANY ($3::text[])) AS c
WHERE c.matched > 0 ORDER BY share DESC, c.passage_id LIMIT $5"""
