"""What fails while products are searched through the API: words still answer, the answer says so, and it heals."""

from typing import Any

import pytest

from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.ports.embedder import Embedder
from bottega.retrieval import search as retrieval_search
from bottega.retrieval import vectors
from bottega.retrieval.embedding import embed_waiting
from bottega.shop.catalogue import vocabulary_store
from bottega.shop.catalogue.index_upkeep import look_after
from bottega.shop.catalogue.product_documents import PRODUCTS
from tests.shop.catalogue.products_fixture import simple, stocked
from tests.shop_fixtures import Shop

GOODS = (
    simple("down-jacket", title="Down jacket", category="clothing/jackets", description="Full of feathers."),
    simple("rain-jacket", title="Rain jacket", category="clothing/jackets"),
    simple("gas-stove", title="Gas stove", category="camping/cooking"),
)
WORDS, SENTENCE = "feathers", "down jacket under 50 euro"
# What is lost, what is asked then, and which signal the answer names; a narrow sentence is ranked without postings.
LOSSES = [
    ("DROP TABLE search.products_postings", WORDS, "keyword"),
    ("DROP TABLE search.products_terms", SENTENCE, "keyword"),
    ("DROP TABLE search.products_documents", SENTENCE, "keyword"),
    ("TRUNCATE search.products_postings", WORDS, "keyword"),
    ("DROP TABLE search.products_vectors", SENTENCE, "meaning"),
    ("TRUNCATE search.products_vectors", WORDS, "meaning"),
    ("DROP TABLE search.traits, search.offers, search.vocabulary", SENTENCE, "constraints"),
    ("DROP TABLE search.products_postings, search.products_vectors, search.products_documents", WORDS, "keyword"),
]


async def embedded(shop: Shop) -> SandboxEmbedder:
    """The shop with an embedder, and everything embedded."""
    embedder = SandboxEmbedder()
    shop.application.services.add(Embedder, embedder)
    await stocked(shop, *GOODS)
    await embed(shop, embedder)
    return embedder


async def embed(shop: Shop, embedder: SandboxEmbedder) -> None:
    await embed_waiting(shop.application.database, PRODUCTS, embedder, seconds=30)


async def asked(shop: Shop, text: str = SENTENCE) -> dict[str, Any]:
    # What a process remembers of the vectors for a second is forgotten: a loss is met at once.
    retrieval_search._standings.forget()
    answered = await shop.client.get("/api/search", params={"q": text})
    assert answered.status_code == 200, answered.text
    return answered.json()


def first(answer: dict[str, Any]) -> str:
    return answer["items"][0]["handle"]


async def test_an_embedder_that_is_away_or_slow_is_said_and_comes_back(shop: Shop) -> None:
    embedder = await embedded(shop)
    assert (await asked(shop))["degraded"] == {}
    embedder.go_away("it was killed.")
    answer = await asked(shop, "down jacket")
    assert (first(answer), list(answer["degraded"])) == ("down-jacket", ["meaning"])
    embedder.come_back()
    embedder.delay_seconds = 5.0
    answer = await asked(shop, "a down jacket")
    assert (first(answer), list(answer["degraded"])) == ("down-jacket", ["meaning"])
    embedder.delay_seconds = 0.0
    assert (await asked(shop, "the down jacket"))["degraded"] == {}


@pytest.mark.parametrize(("loss", "text", "signal"), LOSSES)
async def test_a_lost_index_is_said_words_answer_and_it_is_made_again(
    shop: Shop, loss: str, text: str, signal: str
) -> None:
    embedder = await embedded(shop)
    whole = await asked(shop, text)
    await shop.execute(loss)
    answer = await asked(shop, text)
    assert first(answer) == "down-jacket"
    assert signal in answer["degraded"], answer["degraded"]
    # What the worker's periodic jobs do.
    findings = await look_after(shop.application.database, shop.application.clock)
    async with shop.application.database.write() as connection:
        await vocabulary_store.learn_if_due(connection, shop.application.clock.now(), by_the_clock=True)
    await embed(shop, embedder)
    healed = await asked(shop, text)
    assert healed["degraded"] == {}, findings
    assert [card["handle"] for card in healed["items"]] == [card["handle"] for card in whole["items"]]
    assert healed["constraints"] == whole["constraints"]


async def test_a_dropped_index_over_the_vectors_is_said_and_made_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await embedded(shop)
    # So few vectors need no index; here they do.
    monkeypatch.setattr(vectors, "INDEXED_FROM_VECTORS", 1)
    monkeypatch.setattr(vectors, "MOST_VECTORS_WITHOUT_INDEX", 1)
    await shop.execute("ANALYZE search.products_vectors")
    assert await vectors.ensure_near_index(shop.application.database.dsn, PRODUCTS) is True
    assert (await asked(shop))["degraded"] == {}
    await shop.execute(f"DROP INDEX {PRODUCTS.near_index}")
    answer = await asked(shop, WORDS)
    assert (first(answer), answer["degraded"]) == ("down-jacket", {"meaning": retrieval_search.NO_INDEX})
    assert await vectors.ensure_near_index(shop.application.database.dsn, PRODUCTS) is True
    assert (await asked(shop))["degraded"] == {}
