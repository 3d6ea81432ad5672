"""Bringing what is stored of a folder in line with the folder: new, changed, missing and unreadable documents."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import new_id
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database
from bottega.retrieval import postings
from bottega.retrieval.corpus import Document
from bottega.runtime.knowledge import reading
from bottega.runtime.knowledge.corpus import PASSAGES, document_of
from bottega.runtime.knowledge.folder import DocumentFolder
from bottega.runtime.knowledge.model import DocumentTrust, FileProblem, IngestSummary, Passage, ReadDocument
from bottega.runtime.knowledge.passages import passages_of

READING_TIMEOUT_SECONDS = 60.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was found, with the time of the look."""

    folder: DocumentFolder
    path: str
    content: bytes
    digest: bytes
    at: datetime


async def ingest(
    database: Database, folder: DocumentFolder, clock: Clock, progress: Progress = lambda _done, _all: None
) -> IngestSummary:
    """Reads what is new or changed; what is gone, and what cannot be read any more, is not cited from then on.

    Repeating it changes nothing. Several processes may do it at once: each document is under its row's lock.
    """
    summary = IngestSummary()
    paths = await asyncio.to_thread(folder.paths)
    for number, path in enumerate(paths, start=1):
        summary.read += 1
        await _take_in(database, folder, path, clock, summary)
        progress(number, len(paths))
    async with database.write() as connection:
        gone = await connection.fetch(_MISSING, folder.name, paths, clock.now())
    summary.missing = len(gone)
    return summary


async def _take_in(database: Database, folder: DocumentFolder, path: str, clock: Clock, summary: IngestSummary) -> None:
    try:
        content = await asyncio.to_thread(folder.content, path)
    except FileNotFoundError:
        return  # gone since the folder was listed: the next look calls it missing
    except OSError as error:
        problem = FileProblem(path, "document_unreadable", f"{path} cannot be opened ({type(error).__name__}).")
        await _refuse(database, folder, problem, clock.now(), summary)
        return
    file = _File(folder, path, content, hashlib.sha256(content).digest(), clock.now())
    if await _is_unchanged(database, file):
        summary.unchanged += 1
        return
    try:
        async with asyncio.timeout(READING_TIMEOUT_SECONDS):
            document = await asyncio.to_thread(reading.read, path, content)
    except Invalid as refusal:
        await _refuse(database, folder, FileProblem(path, refusal.code, str(refusal)), file.at, summary)
        return
    except TimeoutError:
        reason = f"{path} took longer than {READING_TIMEOUT_SECONDS:.0f} s to read."
        await _refuse(database, folder, FileProblem(path, "document_too_slow", reason), file.at, summary)
        return
    if await _store(database, file, document):
        summary.created += 1
    else:
        summary.updated += 1


async def _is_unchanged(database: Database, file: _File) -> bool:
    """Whether this very file is stored; then it has been seen again, which is what keeps it fresh."""
    async with database.write() as connection:
        return bool(await connection.fetchval(_SEEN_AGAIN, file.folder.name, file.path, file.digest, file.at))


async def _store(database: Database, file: _File, document: ReadDocument) -> bool:
    """Keeps a new version; True when the document itself is new."""
    passages = passages_of(document.blocks)
    async with database.write() as connection:
        row = await connection.fetchrow(_DOCUMENT, new_id("doc"), file.folder.name, file.path, file.at)
        assert row is not None, "an upsert returns its row"
        version_id = await _insert_version(connection, file, document, row["id"])
        ids = [new_id("psg") for _ in passages]
        await connection.execute(
            "INSERT INTO runtime.passages (id, version_id, position, section, text) "
            "SELECT t.id, $1, t.position, string_to_array(t.section, E'\\x1f'), t.text "
            "FROM unnest($2::text[], $3::int[], $4::text[], $5::text[]) AS t (id, position, section, text)",
            version_id,
            ids,
            list(range(len(passages))),
            ["\x1f".join(passage.section) for passage in passages],
            [passage.text for passage in passages],
        )
        await _index(connection, row["id"], zip(ids, passages, strict=True), document, file.at)
        await connection.execute(_CURRENT, row["id"], version_id, file.at)
    return bool(row["created"])


async def _index(
    connection: Connection,
    document_id: str,
    passages: Iterable[tuple[str, Passage]],
    document: ReadDocument,
    at: datetime,
) -> None:
    """Only the newest version is searched: the passages of earlier ones leave the index and stay for citations."""
    earlier = await connection.fetch(
        "SELECT p.id FROM runtime.passages p JOIN runtime.documents d ON d.version_id = p.version_id WHERE d.id = $1",
        document_id,
    )
    await postings.remove(connection, PASSAGES, [row["id"] for row in earlier])
    found = [document_of(passage_id, passage.section, passage.text, document.title) for passage_id, passage in passages]
    await _write(connection, found, at)


async def index_anew(connection: Connection, at: datetime) -> None:
    """Writes the passages of every newest version into the index."""
    rows = await connection.fetch(
        "SELECT p.id, p.section, p.text, v.title FROM runtime.documents d "
        "JOIN runtime.document_versions v ON v.id = d.version_id JOIN runtime.passages p ON p.version_id = v.id"
    )
    await _write(connection, [document_of(row["id"], row["section"], row["text"], row["title"]) for row in rows], at)


async def _write(connection: Connection, found: Sequence[Document], at: datetime) -> None:
    for start in range(0, len(found), postings.LARGEST_BATCH_DOCUMENTS):
        await postings.write(connection, PASSAGES, found[start : start + postings.LARGEST_BATCH_DOCUMENTS], at)


async def _insert_version(connection: Connection, file: _File, document: ReadDocument, document_id: str) -> str:
    version_id = new_id("dvr")
    await connection.execute(
        _VERSION,
        version_id,
        document_id,
        document.label,
        document.title,
        document.language,
        document.media_type,
        _trust(file.folder.trust, document.trust),
        file.digest,
        len(file.content),
        document.valid_from,
        document.valid_until,
        file.at,
    )
    return version_id


def _trust(of_folder: DocumentTrust, stated: DocumentTrust | None) -> DocumentTrust:
    """A document can say that it deserves less trust than its folder, never more."""
    return "third_party" if "third_party" in (of_folder, stated) else "shop"


async def _refuse(
    database: Database, folder: DocumentFolder, problem: FileProblem, at: datetime, summary: IngestSummary
) -> None:
    """What is stored is no longer what the shop says, so it is not cited until the file can be read again."""
    summary.rejected.append(problem)
    async with database.write() as connection:
        await connection.execute(_UNREADABLE, new_id("doc"), folder.name, problem.path, problem.reason, at)


_SEEN_AGAIN = """
UPDATE runtime.documents d
SET checked_at = $4, state = CASE WHEN d.state = 'withdrawn' THEN d.state ELSE 'current' END,
    reason = CASE WHEN d.state = 'withdrawn' THEN d.reason ELSE '' END
FROM runtime.document_versions v
WHERE d.source = $1 AND d.path = $2 AND v.id = d.version_id AND v.digest = $3
RETURNING true"""

_DOCUMENT = """
INSERT INTO runtime.documents AS d (id, source, path, checked_at, created_at) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (source, path) DO UPDATE SET checked_at = excluded.checked_at
RETURNING d.id, d.id = $1 AS created"""

_VERSION = """
INSERT INTO runtime.document_versions
    (id, document_id, number, label, title, language, media_type, trust, digest, size_bytes, valid_from, valid_until,
     ingested_at)
SELECT $1, $2, 1 + coalesce(max(v.number), 0), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
FROM runtime.document_versions v WHERE v.document_id = $2"""

_CURRENT = """
UPDATE runtime.documents
SET version_id = $2, checked_at = $3, state = CASE WHEN state = 'withdrawn' THEN state ELSE 'current' END,
    reason = CASE WHEN state = 'withdrawn' THEN reason ELSE '' END
WHERE id = $1"""

_UNREADABLE = """
INSERT INTO runtime.documents AS d (id, source, path, state, reason, checked_at, created_at)
VALUES ($1, $2, $3, 'unreadable', $4, $5, $5)
ON CONFLICT (source, path) DO UPDATE
SET state = 'unreadable', reason = excluded.reason, checked_at = excluded.checked_at WHERE d.state <> 'withdrawn'"""

_MISSING = """
UPDATE runtime.documents SET state = 'missing', reason = 'its file is gone', checked_at = $3
WHERE source = $1 AND path <> ALL ($2::text[]) AND state IN ('current', 'unreadable') RETURNING id"""
