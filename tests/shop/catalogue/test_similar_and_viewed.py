"""Products like one, what somebody looked at last, and a search that goes by a customer's taste when they allow it."""

from typing import Any

import orjson
import pytest

from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.kernel.errors import NotFound
from bottega.retrieval.embedding import embed_waiting
from bottega.shop.catalogue import viewed
from bottega.shop.catalogue.product_documents import PRODUCTS
from bottega.shop.catalogue.similar import NOT_EMBEDDED, VECTORS_AWAY, SimilarProducts, similar_products
from bottega.shop.catalogue.taste import LARGEST_GAIN, Taste
from bottega.shop.customers.actions import SetConsent
from bottega.shop.flows.forget_customer import ForgetCustomer
from bottega.shop.flows.shopper_taste import taste_of
from tests.gateway.people import register
from tests.shop.catalogue.products_fixture import simple, stocked
from tests.shop.catalogue.searching import found, handles
from tests.shop_fixtures import OWNER, Shop

WARM = (
    simple("down-jacket", title="Down jacket", category="clothing/jackets", brand="Corvado"),
    simple("down-jacket-women", title="Down jacket for women", category="clothing/jackets", brand="Corvado"),
    simple("down-vest", title="Down jacket vest", category="clothing/vests", brand="Stoneferry"),
    simple("down-sold-out", title="Down jacket, last year's", category="clothing/jackets", units=0),
    simple("down-pillow", title="Down pillow", category="camping/sleeping"),
    simple("gas-stove", title="Gas stove", category="camping/cooking"),
)


async def embed(shop: Shop) -> None:
    await embed_waiting(shop.application.database, PRODUCTS, SandboxEmbedder(), seconds=30)


async def like(shop: Shop, product: str, **options: Any) -> SimilarProducts:
    async with shop.application.database.read() as connection:
        return await similar_products(connection, product, "EUR", shop.application.clock.now(), **options)


def named(cards: list[str]) -> list[str]:
    return [orjson.loads(card)["handle"] for card in cards]


async def test_similar_products_are_of_like_meaning_and_in_stock_first(shop: Shop) -> None:
    ids = await stocked(shop, *WARM)
    await embed(shop)
    near = await like(shop, "down-jacket")
    assert near.degraded == {}
    assert named(near.cards)[:3] == ["down-jacket-women", "down-vest", "down-pillow"]
    assert named(near.cards)[-1] == "down-sold-out"
    assert "down-jacket" not in named(near.cards)
    assert named((await like(shop, ids[0], limit=1, besides=[ids[1]])).cards) == ["down-vest"]
    with pytest.raises(NotFound):
        await like(shop, "no-such")


async def test_without_a_vector_shared_words_answer_and_it_is_said(shop: Shop) -> None:
    await stocked(shop, *WARM)
    near = await like(shop, "down-jacket")
    assert near.degraded == {"meaning": NOT_EMBEDDED}
    assert named(near.cards)[0] == "down-jacket-women"
    assert "gas-stove" not in named(near.cards)
    await embed(shop)
    assert (await like(shop, "down-jacket")).degraded == {}
    await shop.execute("DROP TABLE search.products_vectors")
    away = await like(shop, "down-jacket")
    assert (away.degraded, named(away.cards)[0]) == ({"meaning": VECTORS_AWAY}, "down-jacket-women")
    await shop.execute("DROP TABLE search.products_postings, search.traits")
    assert set(named((await like(shop, "down-jacket")).cards)) == {"down-jacket-women", "down-sold-out"}
    answered = (await shop.client.get("/api/products/down-jacket/similar", params={"limit": 1})).json()
    assert [card["handle"] for card in answered["items"]] == ["down-jacket-women"]


async def test_what_was_viewed_is_kept_newest_first_and_bounded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await stocked(shop, *(simple(f"boot-{number}") for number in range(5)))
    monkeypatch.setattr(viewed, "MOST_VIEWED", 3)
    client, guest, other = shop.client, await shop.guest_headers(), await shop.guest_headers()
    unknown = {"product_id": "prd_00000000000000000000000000"}
    assert (await client.post("/api/viewed-products", json=unknown, headers=guest)).status_code == 404
    for product_id in (*ids[:4], ids[1]):
        noted = await client.post("/api/viewed-products", json={"product_id": product_id}, headers=guest)
        assert noted.status_code == 204
        await shop.application.search_notes.write()
    seen = (await client.get("/api/viewed-products", headers=guest)).json()["items"]
    assert [card["handle"] for card in seen] == ["boot-1", "boot-3", "boot-2"]
    assert await shop.fetchval("SELECT count(*) FROM platform.viewed_products") == 3
    assert (await client.get("/api/viewed-products", headers=other)).json()["items"] == []
    assert (await client.delete("/api/viewed-products", headers=guest)).status_code == 204
    assert await shop.fetchval("SELECT count(*) FROM platform.viewed_products") == 0
    assert (await client.get("/api/viewed-products", headers=await shop.staff_headers())).status_code == 403


async def test_forgetting_a_customer_forgets_what_they_viewed_and_the_log_never_knew(shop: Shop) -> None:
    ids = await stocked(shop, *WARM)
    ada = await register(shop)
    entries = await shop.fetchval("SELECT count(*) FROM log.entries")
    notes = shop.application.search_notes
    notes.viewed(ada.customer_id, ids[:2])
    await notes.write()
    assert await shop.fetchval("SELECT count(*) FROM log.entries") == entries
    assert await shop.fetchval("SELECT count(*) FROM platform.viewed_products") == 2
    await shop.done(ForgetCustomer(customer_id=ada.customer_id), by=OWNER)
    assert await shop.fetchval("SELECT count(*) FROM platform.viewed_products") == 0
    # A view that was under way keeps nothing of somebody who was forgotten.
    notes.viewed(ada.customer_id, ids[:1])
    await notes.write()
    assert await shop.fetchval("SELECT count(*) FROM platform.viewed_products") == 0


async def test_what_was_viewed_ends_after_sixty_days(shop: Shop) -> None:
    ids = await stocked(shop, *WARM)
    notes = shop.application.search_notes
    notes.viewed("cus_00000000000000000000000000", ids[:1])
    await notes.write()
    now = shop.application.clock.now()
    async with shop.application.database.write() as connection:
        assert await viewed.sweep(connection, now + viewed.KEPT_FOR - (viewed.KEPT_FOR / 60)) == 0
        assert await viewed.sweep(connection, now + viewed.KEPT_FOR * 1.01) == 1


def test_a_taste_gains_at_most_its_bound_and_departments_count_half() -> None:
    taste = Taste({"corvado": 4.0, "stoneferry": 1.0}, {"clothing/jackets": 4.0, "camping/tents": 2.0})
    assert taste.gain("corvado", "clothing/jackets") == LARGEST_GAIN
    assert taste.gain("stoneferry", "clothing/vests") == pytest.approx(LARGEST_GAIN * (0.5 * 0.25 + 0.5 * 0.5))
    assert taste.gain("other", "kitchen") == 0.0
    assert Taste().gain("corvado", "clothing/jackets") == 0.0


async def test_a_taste_moves_what_fits_alike_and_the_answer_says_so(shop: Shop) -> None:
    await stocked(
        shop,
        *(
            simple(f"tent-{brand}", title="Dome tent", brand=brand, category="camping/tents")
            for brand in "abcdefghijklmno"
        ),
        simple("tent-bag", title="Bag for a dome tent that is far too large for it", brand="bags"),
    )
    plain = await found(shop, "dome tent", explain=True)
    assert plain.personal is False
    last = handles(plain)[2]
    page = await found(shop, "dome tent", explain=True, taste=Taste({last[-1]: 1.0, "bags": 1.0}))
    assert handles(page)[0] == last
    assert page.personal is True
    assert page.explanations is not None
    assert page.explanations[0].personal_gain == LARGEST_GAIN / 2
    assert "tent-bag" not in handles(page)[:3]
    by_price = await found(shop, "dome tent", sort="price", taste=Taste({last[-1]: 1.0}))
    assert by_price.personal is False


async def test_taste_is_read_with_consent_alone_and_withdrawing_it_counts_at_once(shop: Shop) -> None:
    ids = await stocked(shop, *WARM)
    ada = await register(shop)
    notes = shop.application.search_notes
    notes.viewed(ada.customer_id, (ids[2],))
    await notes.write()

    async def taste() -> Taste | None:
        async with shop.application.database.read() as connection:
            return await taste_of(connection, ada.customer_id)

    async def personal(**params: str) -> bool:
        answered = await shop.client.get("/api/search", params={"q": "down jacket", **params}, headers=ada.headers)
        return answered.json()["personal"]

    assert (await taste(), await personal()) == (None, False)
    consent = SetConsent(customer_id=ada.customer_id, marketing_consent=False, profiling_consent=True)
    await shop.done(consent)
    assert await taste() == Taste({"stoneferry": 1.0}, {"clothing/vests": 1.0})
    assert (await personal(), await personal(personal="false")) == (True, False)
    assert (await shop.client.get("/api/search", params={"q": "down jacket"})).json()["personal"] is False
    await shop.done(consent.model_copy(update={"profiling_consent": False}))
    assert (await taste(), await personal()) == (None, False)
