"""A second corpus beside the products, small and of another kind: recipes, as any other context would add one."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.platform.database.pool import Connection, Database
from bottega.retrieval import postings
from bottega.retrieval.corpus import Corpus, Document, Field
from bottega.retrieval.embedding import embed_waiting
from bottega.retrieval.fusion import Scored, Weights
from bottega.retrieval.narrowing import Narrowing
from bottega.retrieval.schema import ensure
from bottega.retrieval.search import Searched, Searcher

RECIPES = Corpus("recipes", {"name": Field(2.0, 0.3, joins_neighbours=True), "steps": Field(1.0)})
WEIGHTS = Weights(keyword=2.0, meaning=1.0, flatness=60.0, coverage=0.4, least_cosine=0.2)
EVERYTHING = Narrowing(f"{RECIPES.documents} r", "r.document", columns=("r.id",), is_wide=True)
AT = datetime(2026, 3, 1, tzinfo=UTC)

TEXTS = {
    "ragu": ("Ragù alla bolognese", "Brown minced beef with onions, add tomatoes and wine, simmer for three hours."),
    "pesto": ("Pesto genovese", "Crush basil with pine nuts, garlic, oil and cheese in a mortar."),
    "tart": ("Lemon tart", "Bake a crust of butter and flour; fill it with lemon curd and bake it again."),
    "bread": ("Sourdough bread", "Fold flour, water and salt four times; bake in a hot pot, oven at 250 C."),
    "soup": ("Tomato soup", "Simmer tomatoes with basil, then put them through a sieve."),
}


def recipe(name: str, title: str | None = None, steps: str | None = None) -> Document:
    known = TEXTS.get(name, (name, ""))
    title, steps = title or known[0], known[1] if steps is None else steps
    return Document(name, {"name": title, "steps": steps}, meaning=f"{title}. {steps}")


async def write(database: Database, *documents: Document) -> None:
    async with database.write() as connection:
        await postings.write(connection, RECIPES, documents, AT)


async def plainly(connection: Connection, words: Sequence[str], narrowing: Narrowing, number: int) -> list[Scored]:
    """Names alone, as they are written."""
    rows = await connection.fetch(
        f"SELECT r.document, r.id FROM {RECIPES.documents} r WHERE r.id = ANY ($1::text[]) LIMIT $2",
        list(words),
        number,
    )
    return [Scored(row["document"], 1.0, 0.0, 1.0, None, None, None, 0, row) for row in rows]


async def search(
    database: Database, text: str, embedder: SandboxEmbedder | None = None, narrowing: Narrowing = EVERYTHING
) -> Searched:
    async with database.read() as connection:
        return await Searcher(RECIPES, WEIGHTS, plainly, embedder).search(connection, text, narrowing, 10)


def ids(found: Searched) -> list[str]:
    return [one.row["id"] for one in found.found]


async def found(database: Database, text: str) -> list[str]:
    """By keyword alone."""
    return ids(await search(database, text))


async def embed(database: Database, embedder: SandboxEmbedder) -> int:
    return await embed_waiting(database, RECIPES, embedder, seconds=30)


@asynccontextmanager
async def open_library(dsn: str) -> AsyncGenerator[Database]:
    """A database with the corpus and its five recipes."""
    database = await Database.open(dsn, writers=3, readers=3)
    try:
        async with database.write() as connection:
            await ensure(connection, RECIPES)
        await write(database, *(recipe(name) for name in TEXTS))
        yield database
    finally:
        await database.close()
