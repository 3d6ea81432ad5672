"""Whatever is lost of a corpus is found and made again, and how it stands can be told."""

from dataclasses import replace

import pytest

from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.platform.database.pool import Database
from bottega.retrieval import postings, upkeep
from bottega.retrieval.corpus import Field
from bottega.retrieval.upkeep import corpus_standing
from tests.retrieval.library import AT, RECIPES, TEXTS, embed, found, ids, recipe, search, write
from tests.retrieval.test_postings import everything, waiting


async def look_after(library: Database) -> list[str]:
    """What an owner of a corpus does: look, and write everything anew where that is asked for."""
    async with library.write() as connection:
        findings = await upkeep.look(connection, RECIPES)
        if findings.rewrite:
            await upkeep.begin_rewrite(connection, RECIPES)
            await postings.write(connection, RECIPES, [recipe(name) for name in TEXTS], AT)
            await upkeep.end_rewrite(connection, RECIPES, AT)
        await upkeep.note(connection, RECIPES, AT, findings)
    return findings.notes


async def execute(library: Database, statement: str) -> None:
    async with library.connection() as connection:
        await connection.execute(statement)


async def test_a_whole_corpus_is_left_alone(library: Database) -> None:
    before = await everything(library)
    assert await look_after(library) == []
    assert await everything(library) == before


@pytest.mark.parametrize(
    "loss",
    [
        "DROP TABLE search.recipes_postings",
        "DROP TABLE search.recipes_terms",
        "DROP TABLE search.recipes_documents",
        "DROP TABLE search.recipes_remainders",
        "DROP INDEX search.recipes_postings_impact",
        "TRUNCATE search.recipes_postings",
        "TRUNCATE search.recipes_terms",
        "TRUNCATE search.recipes_documents",
        "DELETE FROM search.recipes_postings WHERE ctid IN (SELECT ctid FROM search.recipes_postings LIMIT 3)",
        "UPDATE search.corpora SET recipe = 'older' WHERE corpus = 'recipes'",
        f"DROP TABLE {', '.join(RECIPES.tables)}",
    ],
)
async def test_lost_words_are_written_anew(library: Database, loss: str) -> None:
    embedder = SandboxEmbedder()
    await embed(library, embedder)
    before = await everything(library)
    await execute(library, loss)
    assert await look_after(library) != []
    assert await everything(library) == before
    assert await found(library, "tomato") == ["soup", "ragu"]
    await embed(library, embedder)
    assert (await search(library, "tomato", embedder)).degraded == {}
    assert await look_after(library) == []


@pytest.mark.parametrize("loss", ["DROP TABLE search.recipes_vectors", "TRUNCATE search.recipes_vectors"])
async def test_lost_vectors_are_waited_for_and_made_anew(library: Database, loss: str) -> None:
    embedder = SandboxEmbedder()
    await embed(library, embedder)
    before = ids(await search(library, "tomato soup", embedder))
    await execute(library, loss)
    await look_after(library)
    assert await waiting(library) == sorted(TEXTS)
    assert await embed(library, embedder) == 5
    assert ids(await search(library, "tomato soup", embedder)) == before


async def test_impacts_are_made_anew_when_documents_have_become_much_longer(
    library: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "LEAST_DOCUMENTS_TO_DRIFT", 3)
    for name in TEXTS:
        await write(library, recipe(name, steps=f"{TEXTS[name][1]} {'Then stir slowly. ' * 20}"))
    assert await look_after(library) == ["documents have become longer or shorter"]


async def test_how_long_a_field_is_does_not_matter_where_length_counts_for_nothing(
    library: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of codes: a catalogue that goes on with fewer of them is not written anew while people search it."""
    monkeypatch.setattr(upkeep, "LEAST_DOCUMENTS_TO_DRIFT", 3)
    unmeasured = replace(RECIPES, fields=dict(RECIPES.fields) | {"steps": Field(1.0, length_share=0.0)})
    for name in TEXTS:
        await write(library, recipe(name, steps=f"{TEXTS[name][1]} {'Then stir slowly. ' * 20}"))
    await execute(library, "UPDATE search.corpora SET recipe = '' WHERE corpus = 'recipes'")
    async with library.write() as connection:
        findings = await upkeep.look(connection, unmeasured)
    assert (findings.notes, findings.rewrite) == ([], False)


async def test_terms_of_no_document_are_forgotten(library: Database) -> None:
    await write(library, recipe("cake", "Carrot cake"))
    async with library.write() as connection:
        await postings.remove(connection, RECIPES, ["cake"])
    await look_after(library)
    async with library.read() as connection:
        assert await connection.fetchval(f"SELECT count(*) FROM {RECIPES.terms} WHERE text LIKE 'carrot%'") == 0
        assert (
            await connection.fetchval(f"SELECT count(*) FROM {RECIPES.remainders} WHERE remainder LIKE 'carrot%'") == 0
        )


async def test_how_a_corpus_stands_is_told(library: Database) -> None:
    async with library.read() as connection:
        standing = await corpus_standing(connection, RECIPES)
    assert (standing.documents, standing.vectors, standing.waiting, standing.waiting_since) == (5, 0, 5, AT)
    embedder = SandboxEmbedder()
    await embed(library, embedder)
    await execute(library, "DROP TABLE search.recipes_waiting")
    async with library.read() as connection:
        lost = await corpus_standing(connection, RECIPES)
    assert (lost.lost, lost.rewriting) == (("search.recipes_waiting",), True)
    await look_after(library)
    async with library.read() as connection:
        standing = await corpus_standing(connection, RECIPES)
    assert (standing.documents, standing.vectors, standing.waiting, standing.model) == (5, 5, 0, embedder.model)
    assert (standing.rewriting, standing.found, standing.looked_at) == (False, "lost: recipes_waiting", AT)
