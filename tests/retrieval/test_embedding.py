"""Vectors are made of what waits: in batches, by one process at a time, never of a text that has changed meanwhile."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.kernel.errors import Unavailable
from bottega.platform.database.pool import Database
from bottega.ports.embedder import Purpose
from bottega.retrieval import embedding, vectors
from bottega.retrieval.embedding import embed_waiting
from bottega.retrieval.vectors import ensure_near_index, standing
from tests.retrieval.library import RECIPES, TEXTS, embed, ids, recipe, search, write
from tests.retrieval.test_postings import waiting


class Meddling(SandboxEmbedder):
    """While it embeds for the first time, something happens."""

    def __init__(self, happening: Any) -> None:
        super().__init__()
        self._happening = happening

    async def embed(self, texts: Sequence[str], *, purpose: Purpose, timeout_seconds: float | None = None) -> Any:
        happening, self._happening = self._happening, None
        if happening is not None:
            await happening
        return await super().embed(texts, purpose=purpose, timeout_seconds=timeout_seconds)


async def test_progress_is_told_batch_by_batch(library: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "BATCH_TEXTS", 2)
    monkeypatch.setattr(embedding, "_NEXT", embedding._NEXT.replace("128", "2"))
    told: list[tuple[int, int]] = []
    done = await embed_waiting(
        library, RECIPES, SandboxEmbedder(), seconds=30, progress=lambda done, all_: told.append((done, all_))
    )
    assert (done, told) == (5, [(2, 5), (4, 5), (5, 5)])


async def test_a_text_that_changes_meanwhile_waits_on(library: Database) -> None:
    embedder = Meddling(write(library, recipe("soup", "Pumpkin soup", "Roast a pumpkin.")))
    assert await embed_waiting(library, RECIPES, embedder, seconds=0.0001) in (0, 5)
    assert await waiting(library) in (["soup"], sorted(TEXTS))
    await embed(library, embedder)
    assert await waiting(library) == []
    assert ids(await search(library, "pumpkin", embedder))[0] == "soup"


async def test_while_the_embedder_is_away_everything_waits(library: Database) -> None:
    embedder = SandboxEmbedder()
    embedder.go_away("no power.")
    with pytest.raises(Unavailable):
        await embed(library, embedder)
    assert await waiting(library) == sorted(TEXTS)
    embedder.come_back()
    assert await embed(library, embedder) == 5


async def test_one_process_at_a_time_embeds(library: Database) -> None:
    embedder = SandboxEmbedder()
    embedder.delay_seconds = 0.2
    done = await asyncio.gather(*(embed(library, embedder) for _ in range(3)))
    assert sorted(done) == [0, 0, 5]


async def test_another_model_begins_anew(library: Database) -> None:
    await embed(library, SandboxEmbedder())
    other = SandboxEmbedder(model="other", dimensions=64)
    await write(library, recipe("soup", "Pumpkin soup"))
    assert await embed(library, other) == 5
    async with library.read() as connection:
        models = await connection.fetch(f"SELECT DISTINCT model, vector_dims(embedding) AS n FROM {RECIPES.vectors}")
    assert [tuple(row) for row in models] == [("other/64", 64)]


async def test_the_index_over_vectors_is_made_when_there_are_enough_and_again_when_it_is_dropped(
    library: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = SandboxEmbedder()
    await embed(library, embedder)
    exact = ids(await search(library, "tomato basil", embedder))
    assert not await ensure_near_index(library.dsn, RECIPES)
    monkeypatch.setattr(vectors, "INDEXED_FROM_VECTORS", 5)
    assert await ensure_near_index(library.dsn, RECIPES)
    assert not await ensure_near_index(library.dsn, RECIPES)
    assert ids(await search(library, "tomato basil", embedder)) == exact
    async with library.connection() as connection:
        assert (await standing(connection, RECIPES)).indexed
        await connection.execute(f"DROP INDEX {RECIPES.near_index}")
        assert not (await standing(connection, RECIPES)).indexed
    assert ids(await search(library, "tomato basil", embedder)) == exact
    assert await ensure_near_index(library.dsn, RECIPES)
