"""Questions to the library: what is cited, what never is, and what is left when meaning or the index is away."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bottega import demo_shop
from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.kernel.errors import Invalid
from bottega.platform.clock import SetClock
from bottega.platform.database.pool import Database
from bottega.runtime.knowledge.folder import DocumentFolder
from bottega.runtime.knowledge.library import Library
from bottega.runtime.knowledge.model import FoundPassage
from bottega.runtime.knowledge.queries import FRESH_FOR, list_documents

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
DEMO = Path(demo_shop.__file__).parent / "documents"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
async def library(database: Database, clock: SetClock) -> Library:
    made = Library(database, [DocumentFolder("shop", DEMO)], clock, SandboxEmbedder())
    await made.ingest_all()
    return made


def places(passages: Sequence[FoundPassage]) -> list[tuple[str, str]]:
    return [(passage.citation.path, passage.citation.section) for passage in passages]


async def test_an_answer_names_document_section_version_and_age(library: Library) -> None:
    found = await library.find("does a gift card expire")
    citation = found.passages[0].citation
    assert (citation.document, citation.path, citation.section) == (
        "Payment, coupons and gift cards",
        "payment.md",
        "Gift cards",
    )
    assert (citation.version, citation.age_days) == ("1.4", (NOON.date() - date(2026, 1, 15)).days)
    assert found.passages[0].trust == "shop"
    assert found.passages[0].fresh_until == NOON + FRESH_FOR
    assert found.degraded == {}


async def test_what_no_document_answers_is_not_answered_and_counted(library: Library, database: Database) -> None:
    assert (await library.find("zebra quantum chromodynamics")).passages == []
    async with database.read() as connection:
        assert await connection.fetchval("SELECT count(*) FROM runtime.citations WHERE version_id IS NULL") == 1


async def test_a_bad_question_is_refused(library: Library) -> None:
    for question in (" ", "x" * 1_001):
        with pytest.raises(Invalid):
            await library.find(question)


@pytest.mark.parametrize("after", [FRESH_FOR + timedelta(minutes=1)])
async def test_documents_that_nobody_looked_at_lately_are_not_cited(
    library: Library, clock: SetClock, after: timedelta
) -> None:
    assert (await library.find("gift cards")).passages
    clock.advance(after)
    assert (await library.find("gift cards")).passages == []
    await library.ingest_all()
    assert (await library.find("gift cards")).passages


async def test_an_earlier_version_and_a_later_one_are_not_cited(
    database: Database, clock: SetClock, tmp_path: Path
) -> None:
    file = tmp_path / "gift.md"
    library = Library(database, [DocumentFolder("shop", tmp_path)], clock, SandboxEmbedder())
    file.write_text("---\nversion: 1\n---\nGift cards are valid for two years.\n")
    await library.ingest_all()
    file.write_text("---\nversion: 2\n---\nGift cards are valid for ever.\n")
    await library.ingest_all()
    (found,) = (await library.find("how long are gift cards valid")).passages
    assert (found.text, found.citation.version) == ("Gift cards are valid for ever.", "2")
    file.write_text("---\nversion: 3\nvalid_from: 2027-01-01\n---\nGift cards are valid for a year.\n")
    await library.ingest_all()
    assert (await library.find("how long are gift cards valid")).passages == []
    file.write_text("---\nversion: 4\nvalid_until: 2026-11-01\n---\nGift cards are valid for a month.\n")
    await library.ingest_all()
    assert (await library.find("how long are gift cards valid")).passages == []
    async with database.read() as connection:
        (shown,) = await list_documents(connection, clock.now())
    assert (shown["standing"], shown["version"], shown["cited"]) == ("expired", "4", 1)


async def test_other_peoples_documents_never_speak_for_the_shop(
    database: Database, clock: SetClock, tmp_path: Path
) -> None:
    (tmp_path / "supplier.md").write_text("Returns are accepted for ten years by the supplier.\n")
    library = Library(database, [DocumentFolder("suppliers", tmp_path, "third_party")], clock, SandboxEmbedder())
    await library.ingest_all()
    assert (await library.find("are returns accepted by the supplier")).passages == []
    (found,) = (await library.find("are returns accepted by the supplier", trust=("shop", "third_party"))).passages
    assert found.trust == "third_party"


async def test_without_meaning_words_still_answer_and_it_is_said(
    library: Library, database: Database, clock: SetClock
) -> None:
    by_words = Library(database, library.folders, clock, None)
    found = await by_words.find("gift card expire")
    assert ("payment.md", "Gift cards") in places(found.passages)
    assert found.degraded == {"meaning": "No embedder is set up."}


async def test_a_lost_index_is_answered_around_said_and_mended(library: Library, database: Database) -> None:
    async with database.write() as connection:
        await connection.execute("DROP TABLE search.passages_postings, search.passages_documents CASCADE")
    found = await library.find("gift cards valid")
    assert ("payment.md", "Gift cards") in places(found.passages)
    assert set(found.degraded) == {"keyword"}
    await library.ingest_all()
    mended = await library.find("gift cards valid")
    assert ("payment.md", "Gift cards") in places(mended.passages)
    assert mended.degraded == {}


async def test_a_version_holds_only_while_it_may_be_cited(
    library: Library, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    found = (await library.find("does a gift card expire")).passages[0]
    assert await library.current_versions([found.version_id, "dvr_gone"]) == {found.version_id: found.version_id}
    clock.set_to(NOON + FRESH_FOR + timedelta(seconds=1))
    assert await library.current_versions([found.version_id]) == {}
