"""A folder of documents and what is stored of it: versions, withdrawals, and files that cannot be read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bottega.actions.actor import Actor
from bottega.actions.outcome import Denied
from bottega.kernel.errors import Conflict, Unavailable
from bottega.platform.clock import SetClock
from bottega.platform.database.pool import Database
from bottega.runtime.knowledge.actions import RestoreDocument, WithdrawDocument
from bottega.runtime.knowledge.folder import DocumentFolder
from bottega.runtime.knowledge.ingest import ingest
from tests.shop_fixtures import Shop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RETURNS = "---\ntitle: Returns\nversion: '3.0'\nvalid_from: 2026-03-01\n---\n# Returns\n\nWithin 30 days.\n"


@pytest.fixture
def folder(tmp_path: Path) -> DocumentFolder:
    root = tmp_path / "documents"
    root.mkdir()
    (root / "returns.md").write_text(RETURNS)
    (root / "shipping.md").write_text("# Shipping\n\n## Italy\n\nTwo days.\n")
    return DocumentFolder("shop", root)


async def states(database: Database) -> dict[str, tuple[str, int]]:
    async with database.read() as connection:
        rows = await connection.fetch(
            "SELECT d.path, d.state, count(v.id) AS versions FROM runtime.documents d "
            "LEFT JOIN runtime.document_versions v ON v.document_id = d.id GROUP BY d.id ORDER BY d.path"
        )
    return {row["path"]: (row["state"], row["versions"]) for row in rows}


async def test_a_second_look_stores_nothing_and_keeps_documents_fresh(
    database: Database, folder: DocumentFolder
) -> None:
    clock = SetClock(NOON)
    first = await ingest(database, folder, clock)
    assert (first.read, first.created, first.updated, first.unchanged, first.rejected) == (2, 2, 0, 0, [])
    clock.advance(timedelta(hours=1))
    second = await ingest(database, folder, clock)
    assert (second.read, second.created, second.updated, second.unchanged) == (2, 0, 0, 2)
    async with database.read() as connection:
        rows = await connection.fetch(
            "SELECT v.title, v.label, v.valid_from, p.section, p.text, d.checked_at FROM runtime.documents d "
            "JOIN runtime.document_versions v ON v.id = d.version_id JOIN runtime.passages p ON p.version_id = v.id "
            "ORDER BY d.path"
        )
    assert [(row["title"], row["label"], row["section"], row["text"]) for row in rows] == [
        ("Returns", "3.0", [], "Within 30 days."),
        ("Shipping", "", ["Italy"], "Two days."),
    ]
    assert {row["checked_at"] for row in rows} == {NOON + timedelta(hours=1)}


async def test_a_changed_file_is_a_new_version_and_the_old_one_stays(
    database: Database, folder: DocumentFolder
) -> None:
    clock = SetClock(NOON)
    await ingest(database, folder, clock)
    (folder.root / "returns.md").write_text(RETURNS.replace("30 days", "14 days").replace("3.0", "3.1"))
    summary = await ingest(database, folder, clock)
    assert (summary.updated, summary.unchanged) == (1, 1)
    assert await states(database) == {"returns.md": ("current", 2), "shipping.md": ("current", 1)}
    async with database.read() as connection:
        texts = await connection.fetch(
            "SELECT v.number, v.label, p.text, d.version_id = v.id AS newest FROM runtime.passages p "
            "JOIN runtime.document_versions v ON v.id = p.version_id "
            "JOIN runtime.documents d ON d.id = v.document_id WHERE d.path = 'returns.md' ORDER BY v.number"
        )
    assert [tuple(row.values()) for row in texts] == [
        (1, "3.0", "Within 30 days.", False),
        (2, "3.1", "Within 14 days.", True),
    ]


async def test_what_is_gone_or_broken_is_out_of_use_until_it_is_back(
    database: Database, folder: DocumentFolder
) -> None:
    clock = SetClock(NOON)
    await ingest(database, folder, clock)
    (folder.root / "returns.md").write_bytes(b"\xff\xfe broken")
    (folder.root / "shipping.md").unlink()
    summary = await ingest(database, folder, clock)
    assert summary.missing == 1
    assert [(problem.path, problem.code) for problem in summary.rejected] == [("returns.md", "not_utf8")]
    assert await states(database) == {"returns.md": ("unreadable", 1), "shipping.md": ("missing", 1)}
    (folder.root / "returns.md").write_text(RETURNS)
    (folder.root / "shipping.md").write_text("# Shipping\n\n## Italy\n\nTwo days.\n")
    assert (await ingest(database, folder, clock)).unchanged == 2
    assert await states(database) == {"returns.md": ("current", 1), "shipping.md": ("current", 1)}


async def test_a_withdrawn_document_stays_withdrawn_when_its_file_changes(shop: Shop, folder: DocumentFolder) -> None:
    database, performer = shop.application.database, shop.application.performer
    clock = SetClock(NOON)
    await ingest(database, folder, clock)
    document_id = await shop.fetchval("SELECT id FROM runtime.documents WHERE path = 'returns.md'")
    owner, support = Actor("staff", "stf_1", "manager"), Actor("staff", "stf_2", "support")
    refused = await performer.perform(WithdrawDocument(document_id=document_id, reason="wrong period"), by=support)
    assert isinstance(refused, Denied)
    assert (await states(database))["returns.md"] == ("current", 1)
    done = await performer.perform(WithdrawDocument(document_id=document_id, reason="wrong period"), by=owner)
    assert done.unwrap() == {"document_id": document_id, "path": "returns.md", "state": "withdrawn"}
    (folder.root / "returns.md").write_text(RETURNS.replace("30", "31"))
    await ingest(database, folder, clock)
    assert (await states(database))["returns.md"] == ("withdrawn", 2)
    restored = await performer.perform(RestoreDocument(document_id=document_id), by=owner)
    assert restored.unwrap() == {"document_id": document_id, "path": "returns.md", "state": "current"}
    again = await performer.perform(RestoreDocument(document_id=document_id), by=owner)
    with pytest.raises(Conflict, match="is current"):
        again.unwrap()


async def test_a_document_may_state_less_trust_than_its_folder_never_more(database: Database, tmp_path: Path) -> None:
    for name, stated in (("a.md", "third_party"), ("b.md", "shop")):
        (tmp_path / name).write_text(f"---\ntrust: {stated}\n---\nText of {name}\n")
    clock = SetClock(NOON)
    await ingest(database, DocumentFolder("ours", tmp_path), clock)
    await ingest(database, DocumentFolder("suppliers", tmp_path, "third_party"), clock)
    async with database.read() as connection:
        rows = await connection.fetch(
            "SELECT d.source, d.path, v.trust FROM runtime.documents d JOIN runtime.document_versions v "
            "ON v.id = d.version_id ORDER BY 1, 2"
        )
    assert [tuple(row.values()) for row in rows] == [
        ("ours", "a.md", "third_party"),
        ("ours", "b.md", "shop"),
        ("suppliers", "a.md", "third_party"),
        ("suppliers", "b.md", "third_party"),
    ]


async def test_links_hidden_files_and_other_kinds_are_not_read(folder: DocumentFolder, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("secret")
    (folder.root / "link.md").symlink_to(tmp_path / "outside.md")
    (folder.root / ".draft.md").write_text("draft")
    (folder.root / "picture.png").write_bytes(b"png")
    (folder.root / "more").mkdir()
    (folder.root / "more" / "care.txt").write_text("Wash cold.")
    assert folder.paths() == ["more/care.txt", "returns.md", "shipping.md"]


async def test_a_folder_that_is_away_is_said_and_changes_nothing(database: Database, folder: DocumentFolder) -> None:
    clock = SetClock(NOON)
    await ingest(database, folder, clock)
    folder.root.rename(folder.root.with_name("elsewhere"))
    with pytest.raises(Unavailable, match="'shop' is not there"):
        await ingest(database, folder, clock)
    assert await states(database) == {"returns.md": ("current", 1), "shipping.md": ("current", 1)}
