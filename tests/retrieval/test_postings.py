"""What is written of documents: postings that agree with them, counts that add up, and what waits for a vector."""

from collections.abc import AsyncIterator
from typing import Any

from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.platform.database.pool import Database
from bottega.retrieval import postings
from bottega.retrieval.bulk import load_corpus
from bottega.retrieval.corpus import Corpus, Document
from bottega.retrieval.schema import ensure
from bottega.retrieval.upkeep import begin_rewrite
from tests.retrieval.library import AT, RECIPES, TEXTS, embed, found, recipe, write

EVERYTHING = (
    (
        "SELECT d.id, t.text, p.impact FROM search.{0}_postings p JOIN search.{0}_terms t USING (term) "
        "JOIN search.{0}_documents d USING (document) ORDER BY 1, 2, 3"
    ),
    "SELECT text, documents FROM search.{0}_terms WHERE documents > 0 ORDER BY text",
    "SELECT documents, total_lengths FROM search.corpora WHERE corpus = '{0}'",
    "SELECT d.id, cardinality(d.terms) AS terms, d.lengths FROM search.{0}_documents d ORDER BY 1",
    (
        "SELECT r.remainder, t.text FROM search.{0}_remainders r JOIN search.{0}_terms t USING (term) "
        "WHERE t.documents > 0 ORDER BY 1, 2"
    ),
)


async def everything(library: Database, corpus: str = "recipes") -> list[list[dict[str, Any]]]:
    async with library.read() as connection:
        return [[dict(row) for row in await connection.fetch(text.format(corpus))] for text in EVERYTHING]


async def waiting(library: Database) -> list[str]:
    async with library.read() as connection:
        rows = await connection.fetch(
            f"SELECT d.id FROM {RECIPES.waiting} w JOIN {RECIPES.documents} d USING (document) ORDER BY 1"
        )
    return [row["id"] for row in rows]


async def test_writing_the_same_again_changes_nothing(library: Database) -> None:
    before = await everything(library)
    await write(library, *(recipe(name) for name in TEXTS))
    assert await everything(library) == before


async def test_a_changed_document_is_found_by_its_new_words_alone(library: Database) -> None:
    await write(library, recipe("soup", "Pumpkin soup", "Roast a pumpkin."))
    assert await found(library, "pumpkin") == ["soup"]
    assert await found(library, "tomatoes") == ["ragu"]
    await write(library, recipe("soup"))
    async with library.read() as connection:
        assert await connection.fetchval(f"SELECT documents FROM {RECIPES.terms} WHERE text = 'pumpkin'") == 0


async def test_what_was_added_and_removed_leaves_no_trace(library: Database) -> None:
    before = await everything(library)
    await write(library, recipe("cake", "Carrot cake", "Grate carrots. Bake with tomatoes, surprisingly."))
    async with library.write() as connection:
        await postings.remove(connection, RECIPES, ["cake", "never there"])
    assert await everything(library) == before
    assert "cake" not in await waiting(library)


async def test_documents_wait_for_a_vector_until_it_is_made_and_again_when_their_text_changes(
    library: Database,
) -> None:
    assert await waiting(library) == sorted(TEXTS)
    await embed(library, SandboxEmbedder())
    assert await waiting(library) == []
    await write(library, recipe("tart"), recipe("soup", "Pumpkin soup"))
    assert await waiting(library) == ["soup"]


async def test_a_document_without_meaning_waits_for_nothing(library: Database) -> None:
    await write(library, Document("code", {"name": "X-1"}))
    assert "code" not in await waiting(library)


async def test_loading_in_bulk_gives_what_writing_one_by_one_gives(library: Database) -> None:
    other = Corpus("copies", RECIPES.fields, RECIPES.saturation)
    documents = [recipe(name) for name in TEXTS]

    async def batches() -> AsyncIterator[list[Document]]:
        yield documents[:3]
        yield documents[3:]

    async with library.write() as connection:
        # With the averages that are in force for the other corpus.
        await begin_rewrite(connection, RECIPES)
        await ensure(connection, other)
        await connection.execute(
            "UPDATE search.corpora SET average_lengths = (SELECT average_lengths FROM search.corpora "
            "WHERE corpus = 'recipes') WHERE corpus = 'copies'"
        )
        assert await load_corpus(connection, other, batches(), AT) == 5
        await postings.write(connection, RECIPES, documents, AT)
    assert await everything(library, "copies") == await everything(library)
    async with library.write() as connection:
        await postings.write(connection, other, [recipe("cake", "Carrot cake")], AT)
        assert await connection.fetchval(f"SELECT count(DISTINCT document) FROM {other.documents}") == 6
