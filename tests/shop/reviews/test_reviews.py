"""Reviews: once per customer and product, bought or not, shown when staff say so, texts in the vault alone."""

import asyncio
from typing import Any

from bottega.actions.actor import Actor
from bottega.actions.outcome import Denied, Done, Failed
from bottega.actions.undo import UndoEntry
from bottega.kernel.identifiers import new_id
from bottega.shop.reviews.actions import ImportReviews, PublishReview, RejectReview, ReviewRecord, WriteReview
from bottega.shop.reviews.queries import list_reviews, reviews_of_product
from tests.shop.entries import add_product, add_variant, entry
from tests.shop_fixtures import ANALYST, SUPPORT, Shop

SECRET = "Kept my daughter Mathilde warm"


async def customer(shop: Shop, kind: str = "account") -> Actor:
    """A customer with a row."""
    customer_id = new_id("cus")
    async with entry(shop) as work:
        await work.connection.execute(
            "INSERT INTO shop.customers (id, kind, created_at) VALUES ($1, $2, $3)", customer_id, kind, work.now
        )
    return Actor("customer", customer_id, "customer" if kind == "account" else "guest")


async def bought(shop: Shop, actor: Actor, product_id: str, payment_status: str = "paid") -> None:
    """An order of the product by the customer."""
    variant_id, order_id = await add_variant(shop, f"SKU-{actor.id[-6:]}", product_id), new_id("ord")
    async with entry(shop) as work:
        await work.connection.execute(
            "INSERT INTO shop.orders (id, number, customer_id, channel, currency, status, payment_status, "
            "fulfilment_status, country, net_minor, discount_minor, shipping_minor, tax_minor, total_minor, placed_at, "
            "updated_at) VALUES ($1, $1, $2, 'api', 'EUR', 'open', $3, 'unfulfilled', 'IT', 100, 0, 0, 0, 100, $4, $4)",
            order_id,
            actor.id,
            payment_status,
            work.now,
        )
        await work.connection.execute(
            "INSERT INTO shop.order_lines (id, order_id, variant_id, product_id, sku, title, quantity, "
            "unit_price_minor, net_minor) VALUES ($1, $2, $3, $4, 'S', 'T', 1, 100, 100)",
            new_id("oln"),
            order_id,
            variant_id,
            product_id,
        )


def review(product_id: str, **changes: Any) -> WriteReview:
    values = {"product_id": product_id, "rating": 5, "title": "Warm", "text": SECRET, "author": "Ada L.", **changes}
    return WriteReview.model_validate(values)


async def shown(shop: Shop, product: str) -> list[tuple[int, str | None, bool]]:
    async with shop.application.database.read() as connection:
        return [(r.rating, r.text, r.verified_purchase) for r in await reviews_of_product(connection, product)]


async def test_a_review_waits_is_published_rejected_and_taken_back(shop: Shop) -> None:
    product_id, ada = await add_product(shop, "boot"), await customer(shop)
    await bought(shop, ada, product_id)
    written = await shop.done(review(product_id), by=ada)
    assert (written["state"], written["verified_purchase"]) == ("pending", True)
    assert await shown(shop, "boot") == []
    published = await shop.perform(PublishReview(review_id=written["review_id"]), by=SUPPORT)
    assert isinstance(published, Done)
    assert await shown(shop, "boot") == [(5, SECRET, True)]
    rejected = await shop.perform(RejectReview(review_id=written["review_id"], reason="Advertising"), by=SUPPORT)
    assert isinstance(rejected, Done)
    assert await shown(shop, product_id) == []
    await shop.done(UndoEntry(entry_id=rejected.entry_id))
    assert await shown(shop, product_id) == [(5, SECRET, True)]
    async with shop.application.database.read() as connection:
        (row,) = await list_reviews(connection, state="published", product_id=product_id)
    assert (row.customer_id, row.author, row.title) == (ada.id, "Ada L.", "Warm")


async def test_texts_stand_in_the_vault_alone(shop: Shop) -> None:
    product_id, ada = await add_product(shop, "boot"), await customer(shop)
    await shop.done(review(product_id), by=ada)
    assert await shop.fetchval("SELECT count(*) FROM vault.values WHERE value = $1", SECRET) == 1
    for table, column in (("log.changes", "after::text"), ("log.entries", "convert_from(arguments, 'UTF8')")):
        assert await shop.fetchval(f"SELECT count(*) FROM {table} WHERE {column} LIKE '%Mathilde%'") == 0


async def test_who_has_not_paid_is_no_verified_buyer(shop: Shop) -> None:
    product_id, ada, bob = await add_product(shop, "boot"), await customer(shop), await customer(shop)
    await bought(shop, ada, product_id, "awaiting")
    assert (await shop.done(review(product_id), by=ada))["verified_purchase"] is False
    assert (await shop.done(review(product_id), by=bob))["verified_purchase"] is False


async def test_a_customer_reviews_a_product_once_however_fast(shop: Shop) -> None:
    product_id, other, ada = await add_product(shop, "boot"), await add_product(shop, "shoe"), await customer(shop)
    outcomes = await asyncio.gather(*(shop.perform(review(product_id), by=ada) for _ in range(5)))
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
    refusals = {outcome.refusal.code for outcome in outcomes if isinstance(outcome, Failed)}
    assert refusals == {"already_reviewed"}
    assert await shop.fetchval("SELECT count(*) FROM shop.reviews") == 1
    await shop.done(review(other), by=ada)


async def test_guests_staff_and_unknown_products_are_refused(shop: Shop) -> None:
    product_id = await add_product(shop, "boot")
    assert isinstance(await shop.perform(review(product_id), by=await customer(shop, "guest")), Denied)
    assert isinstance(await shop.perform(review(product_id), by=ANALYST), Denied)
    missing = await shop.perform(review(new_id("prd")), by=await customer(shop))
    assert isinstance(missing, Failed)
    assert missing.refusal.code == "no_such_product"
    unknown = await shop.perform(PublishReview(review_id=new_id("rev")))
    assert isinstance(unknown, Failed)
    assert unknown.refusal.code == "no_such_review"
    assert await shop.fetchval("SELECT count(*) FROM shop.reviews") == 0


async def test_reviews_from_elsewhere_come_in_once(shop: Shop) -> None:
    await add_product(shop, "boot")
    records = tuple(
        ReviewRecord(product_handle="boot", source_id=f"r{n}", rating=n, text=SECRET, author="Ann", days_ago=n)
        for n in (3, 5)
    )
    assert await shop.done(ImportReviews(reviews=records)) == {"created": 2, "unchanged": 0}
    assert await shop.done(ImportReviews(reviews=records)) == {"created": 0, "unchanged": 2}
    assert sorted(rating for rating, _, _ in await shown(shop, "boot")) == [3, 5]
    assert (
        await shop.fetchval("SELECT count(*) FROM log.entries WHERE convert_from(arguments, 'UTF8') LIKE '%Ann%'") == 0
    )
    missing = ImportReviews(reviews=(ReviewRecord(product_handle="no", source_id="1", rating=1, text="x"),))
    outcome = await shop.perform(missing)
    assert isinstance(outcome, Failed)
    assert outcome.refusal.code == "no_such_product"
