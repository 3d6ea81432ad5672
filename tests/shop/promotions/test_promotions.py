"""Promotions as staff set them, their scope, and their limits in a race."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bottega.actions.outcome import Denied, Done, Failed, Held
from bottega.actions.undo import UndoEntry
from bottega.kernel.identifiers import new_id
from bottega.shop.promotions import queries
from bottega.shop.promotions.actions import (
    ChangePromotion,
    CreatePromotion,
    DeactivatePromotion,
    give_back,
    use,
)
from bottega.shop.promotions.errors import (
    NoSuchPromotion,
    PromotionEnded,
    PromotionInactive,
    PromotionNotBegun,
    PromotionRefused,
    PromotionUsedByCustomer,
    PromotionUsedUp,
)
from tests.shop.entries import add_category, add_product, entry
from tests.shop_fixtures import MANAGER, SUPPORT, Shop


async def promotion(shop: Shop, **changes: Any) -> str:
    """Ten percent with a coupon, unless changed."""
    return (await shop.done(coupon(**changes)))["promotion_id"]


def coupon(**changes: Any) -> CreatePromotion:
    values: dict[str, Any] = {"name": "Ten percent", "kind": "percent", "percent": Decimal(10), "code": "ten"}
    return CreatePromotion(**values | changes)


def code_of(outcome: object) -> str:
    assert isinstance(outcome, Failed), outcome
    return outcome.refusal.code


async def use_once(shop: Shop, promotion_id: str, customer_id: str | None = None) -> str:
    """One order's use; returns the order."""
    order_id = new_id("ord")
    async with entry(shop) as work:
        await use(work, promotion_id, order_id, customer_id or new_id("cus"), 100)
    return order_id


async def used(shop: Shop, promotion_id: str) -> tuple[int, int]:
    """(used_total, rows of uses)."""
    rows = await shop.fetch(
        "SELECT used_total, (SELECT count(*) FROM shop.promotion_uses u WHERE u.promotion_id = p.id) AS uses "
        "FROM shop.promotions p WHERE id = $1",
        promotion_id,
    )
    return rows[0]["used_total"], rows[0]["uses"]


async def test_twenty_race_for_three_uses_and_three_succeed(shop: Shop) -> None:
    promotion_id = await promotion(shop, limit_total=3)
    results = await asyncio.gather(*(use_once(shop, promotion_id) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == 3
    assert sum(isinstance(result, PromotionUsedUp) for result in results) == 17
    assert await used(shop, promotion_id) == (3, 3)


async def test_one_customer_races_with_themself_for_their_two_uses(shop: Shop) -> None:
    promotion_id = await promotion(shop, limit_per_customer=2)
    customer_id = new_id("cus")
    results = await asyncio.gather(
        *(use_once(shop, promotion_id, customer_id) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, str) for result in results) == 2
    assert sum(isinstance(result, PromotionUsedByCustomer) for result in results) == 18
    assert await used(shop, promotion_id) == (2, 2)
    await use_once(shop, promotion_id)
    assert await used(shop, promotion_id) == (3, 3)


async def test_a_use_given_back_can_be_used_again(shop: Shop) -> None:
    limited = await promotion(shop, limit_total=1, limit_per_customer=1)
    other = await promotion(shop, code="other")
    customer_id = new_id("cus")
    order_id = await use_once(shop, limited, customer_id)
    async with entry(shop) as work:
        await use(work, other, order_id, customer_id, 5)
    with pytest.raises(PromotionUsedUp):
        await use_once(shop, limited)
    async with entry(shop) as work:
        assert await give_back(work, order_id) == 2
    async with entry(shop) as work:
        assert await give_back(work, order_id) == 0
    assert await used(shop, limited) == (0, 0)
    assert await used(shop, other) == (0, 0)
    await use_once(shop, limited, customer_id)


async def test_a_use_outside_its_time_is_refused_by_name(shop: Shop) -> None:
    now = shop.application.clock.now()
    later = await promotion(shop, code="later", starts_at=now + timedelta(days=1))
    over = await promotion(shop, code="over", ends_at=now - timedelta(days=1))
    off = await promotion(shop, code="off")
    await shop.done(DeactivatePromotion(promotion_id=off))
    expected: list[tuple[str, type[PromotionRefused]]] = [
        (later, PromotionNotBegun),
        (over, PromotionEnded),
        (off, PromotionInactive),
    ]
    for promotion_id, refusal in expected:
        with pytest.raises(refusal):
            await use_once(shop, promotion_id)
        assert await used(shop, promotion_id) == (0, 0)
    with pytest.raises(NoSuchPromotion):
        await use_once(shop, new_id("prm"))


async def test_scope_follows_the_category_tree_and_the_coupon_is_shown_even_when_over(shop: Shop) -> None:
    jackets = await add_category(shop, "clothing/jackets")
    down = await add_product(shop, "down-jacket", await add_category(shop, "clothing/jackets/down"))
    likely = await add_product(shop, "likely", await add_category(shop, "clothing/jackets-for-dogs"))
    loose = await add_product(shop, "loose")
    now = shop.application.clock.now()
    automatic = await promotion(shop, code=None, category_id=jackets)
    over = await promotion(shop, code="over", ends_at=now - timedelta(days=1))
    await promotion(shop, code=None, ends_at=now - timedelta(days=1))
    await promotion(shop, code="unasked")
    customer_id = new_id("cus")
    limited = await promotion(shop, code=None, limit_per_customer=5)
    await use_once(shop, limited, customer_id)
    async with shop.application.database.read() as connection:
        offers = await queries.applicable(
            connection, product_ids=[down, likely, loose], customer_id=customer_id, coupon_code=" Over ", at=now
        )
    found = {offer.promotion.id: (offer.product_ids, offer.used_by_customer) for offer in offers}
    assert found == {automatic: (frozenset({down}), 0), over: (None, 0), limited: (None, 1)}


async def test_scope_of_a_collection(shop: Shop) -> None:
    inside, outside = await add_product(shop, "inside"), await add_product(shop, "outside")
    collection_id = new_id("col")
    async with entry(shop) as work:
        await work.connection.execute(
            "INSERT INTO shop.collections (id, handle, title) VALUES ($1, 'summer', 'Summer')", collection_id
        )
        await work.connection.execute("INSERT INTO shop.collection_products VALUES ($1, $2)", collection_id, inside)
    await promotion(shop, code=None, collection_id=collection_id)
    async with shop.application.database.read() as connection:
        (offer,) = await queries.applicable(
            connection,
            product_ids=[inside, outside],
            customer_id=None,
            coupon_code=None,
            at=shop.application.clock.now(),
        )
    assert offer.product_ids == frozenset({inside})


async def test_a_code_is_upper_case_and_taken_once(shop: Shop) -> None:
    promotion_id = await promotion(shop, code="Summer-26")
    assert await shop.fetchval("SELECT code FROM shop.promotions WHERE id = $1", promotion_id) == "SUMMER-26"
    assert code_of(await shop.perform(coupon(code="sUMMER-26"))) == "code_taken"
    missing = await shop.perform(coupon(code="scoped", category_id=new_id("cat")))
    assert code_of(missing) == "no_such_scope"


async def test_terms_that_make_no_promotion_are_refused(shop: Shop) -> None:
    refused: list[dict[str, Any]] = [
        {"percent": None},
        {"amount_minor": 5, "currency": "EUR"},
        {"kind": "amount", "percent": None},
        {"kind": "amount", "percent": None, "amount_minor": 500},
        {"kind": "free_shipping"},
        {"minimum_subtotal_minor": 100},
        {"starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-02-01T00:00:00Z"},
    ]
    for changes in refused:
        assert code_of(await shop.perform(coupon(**changes))) == "bad_promotion_terms", changes
    assert await shop.fetchval("SELECT count(*) FROM shop.promotions") == 0


async def test_terms_change_and_are_put_back(shop: Shop) -> None:
    promotion_id = await promotion(shop, limit_total=5)
    await use_once(shop, promotion_id)
    await use_once(shop, promotion_id)
    change = ChangePromotion(promotion_id=promotion_id, name="Twelve percent", percent=Decimal(12), limit_total=2)
    too_low = change.model_copy(update={"limit_total": 1})
    assert code_of(await shop.perform(too_low)) == "limit_below_uses"
    assert code_of(await shop.perform(change.model_copy(update={"percent": None}))) == "bad_promotion_terms"
    nowhere = change.model_copy(update={"promotion_id": new_id("prm")})
    assert code_of(await shop.perform(nowhere)) == "no_such_promotion"
    changed = await shop.perform(change)
    assert isinstance(changed, Done)
    with pytest.raises(PromotionUsedUp):
        await use_once(shop, promotion_id)
    async with shop.application.database.read() as connection:
        now = await queries.promotion(connection, promotion_id)
        assert now is not None
        assert (now.name, now.percent, now.limit_total, now.used_total) == ("Twelve percent", Decimal(12), 2, 2)
        assert len(await queries.uses(connection, promotion_id)) == 2
    await shop.done(UndoEntry(entry_id=changed.entry_id))
    async with shop.application.database.read() as connection:
        (back,) = await queries.promotions(connection, active=True)
    assert (back.name, back.percent, back.limit_total) == ("Ten percent", Decimal(10), 5)


async def test_a_deep_discount_by_a_manager_waits_for_another(shop: Shop) -> None:
    assert isinstance(await shop.perform(coupon(code="c50", percent=Decimal(50)), by=MANAGER), Done)
    deep = [
        coupon(code="c51", percent=Decimal("50.01")),
        coupon(code="all", kind="amount", percent=None, amount_minor=600, currency="EUR", minimum_subtotal_minor=1000),
    ]
    for action in deep:
        held = await shop.perform(action, by=MANAGER)
        assert isinstance(held, Held)
        assert held.rule_ids == ("promotions.deep_discount_waits",)
    assert await shop.fetchval("SELECT count(*) FROM shop.promotions") == 1
    assert isinstance(await shop.perform(deep[0]), Done)
    assert isinstance(await shop.perform(coupon(code="mine"), by=SUPPORT), Denied)
