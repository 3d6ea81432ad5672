"""Prices: set, changed, put on sale, in bulk; what policy holds, what is refused, what undo puts back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bottega.actions.outcome import Denied, Done, Failed, Held
from bottega.actions.undo import UndoEntry
from bottega.kernel.identifiers import new_id
from bottega.shop.prices.actions import ChangePrice, EndSale, PriceLine, SetPrice, SetPrices, SetSalePrice
from bottega.shop.prices.queries import price_history, prices_of_variant
from tests.shop.catalogue.products_fixture import last_change
from tests.shop.entries import add_variant
from tests.shop_fixtures import MANAGER, SUPPORT, Shop


async def priced(shop: Shop, sku: str = "BOOT", amount_minor: int = 1000, **more: Any) -> str:
    """A variant with a price in euro; returns its id."""
    variant_id = await add_variant(shop, sku)
    await shop.done(SetPrice(variant_id=variant_id, currency="EUR", amount_minor=amount_minor, **more))
    return variant_id


async def price(shop: Shop, variant_id: str) -> dict[str, Any]:
    (row,) = await shop.fetch(
        "SELECT amount_minor, cost_minor, sale_amount_minor, version FROM shop.prices WHERE variant_id = $1", variant_id
    )
    return row


async def refused(shop: Shop, action: Any) -> Any:
    """The refusal of an action that must fail and change nothing."""
    before = await last_change(shop)
    outcome = await shop.perform(action)
    assert isinstance(outcome, Failed), outcome
    assert await last_change(shop) == before
    return outcome.refusal


async def test_a_price_is_set_and_changed(shop: Shop) -> None:
    variant_id = await priced(shop, cost_minor=600)
    result = await shop.done(
        ChangePrice(variant_id=variant_id, currency="EUR", amount_minor=1100, expected_amount_minor=1000)
    )
    assert result["before_minor"] == 1000
    assert await price(shop, variant_id) == {
        "amount_minor": 1100,
        "cost_minor": 600,
        "sale_amount_minor": None,
        "version": 2,
    }
    stale = ChangePrice(variant_id=variant_id, currency="EUR", amount_minor=900, expected_amount_minor=1000)
    refusal = await refused(shop, stale)
    assert (refusal.code, refusal.details["present_minor"]) == ("price_changed", 1100)


async def test_what_does_not_exist_is_refused_by_name(shop: Shop) -> None:
    variant_id = await add_variant(shop, "BOOT")
    change = ChangePrice(variant_id=variant_id, currency="EUR", amount_minor=5)
    assert (await refused(shop, change)).code == "no_such_price"
    sale = SetSalePrice(variant_id=variant_id, currency="EUR", sale_amount_minor=5)
    assert (await refused(shop, sale)).code == "no_such_price"
    assert (await refused(shop, EndSale(variant_id=variant_id, currency="EUR"))).code == "no_such_price"
    unknown = SetPrice(variant_id=new_id("var"), currency="EUR", amount_minor=5)
    assert (await refused(shop, unknown)).code == "no_such_variant"
    foreign = SetPrice(variant_id=variant_id, currency="XXX", amount_minor=5)
    assert (await refused(shop, foreign)).code == "unknown_currency"


@pytest.mark.parametrize(("amount_minor", "held"), [(1300, False), (1301, True), (700, False), (699, True)])
async def test_a_change_beyond_30_percent_waits_for_another_manager(shop: Shop, amount_minor: int, held: bool) -> None:
    variant_id = await priced(shop)
    action = ChangePrice(variant_id=variant_id, currency="EUR", amount_minor=amount_minor)
    outcome = await shop.perform(action, by=MANAGER)
    if held:
        assert isinstance(outcome, Held)
        assert outcome.rule_ids == ("prices.large_change_waits",)
        (approval,) = await shop.fetch("SELECT facts, diff FROM log.approvals")
        assert approval["diff"][0]["after"]["amount_minor"] == amount_minor
    assert (await price(shop, variant_id))["amount_minor"] == (1000 if held else amount_minor)


async def test_a_price_below_cost_waits_and_the_owner_need_not(shop: Shop) -> None:
    variant_id = await priced(shop, cost_minor=950)
    action = SetPrice(variant_id=variant_id, currency="EUR", amount_minor=940)
    outcome = await shop.perform(action, by=MANAGER)
    assert isinstance(outcome, Held)
    assert outcome.rule_ids == ("prices.below_cost_waits",)
    assert isinstance(await shop.perform(action), Done)
    assert isinstance(await shop.perform(action, by=SUPPORT), Denied)


async def test_many_prices_at_once_or_none(shop: Shop) -> None:
    first, second = await priced(shop), await priced(shop, "SHOE")
    lines = (
        PriceLine(variant_id=first, currency="EUR", amount_minor=1100),
        PriceLine(variant_id=second, currency="EUR", amount_minor=1000),
        PriceLine(variant_id=second, currency="CHF", amount_minor=900),
    )
    assert await shop.done(SetPrices(prices=lines)) == {"changed": 2, "unchanged": 1}
    twice = SetPrices(prices=(lines[0], lines[0]))
    assert (await refused(shop, twice)).code == "price_twice"
    missing = SetPrices(prices=(PriceLine(variant_id=new_id("var"), currency="EUR", amount_minor=1), lines[0]))
    assert (await refused(shop, missing)).code == "no_such_variant"
    far = SetPrices(prices=(lines[1], PriceLine(variant_id=first, currency="EUR", amount_minor=100)))
    assert isinstance(await shop.perform(far, by=MANAGER), Held)
    assert (await price(shop, first))["amount_minor"] == 1100


async def test_a_sale_holds_between_its_dates(shop: Shop) -> None:
    variant_id = await priced(shop)
    now = datetime.now(UTC)
    await shop.done(
        SetSalePrice(
            variant_id=variant_id,
            currency="EUR",
            sale_amount_minor=800,
            starts_at=now + timedelta(hours=1),
            ends_at=now + timedelta(hours=2),
        )
    )
    effective = "SELECT shop.effective_amount(p, $1) FROM shop.prices p"
    for minutes, amount in ((0, 1000), (59, 1000), (61, 800), (119, 800), (121, 1000)):
        assert await shop.fetchval(effective, now + timedelta(minutes=minutes)) == amount
    await shop.done(EndSale(variant_id=variant_id, currency="EUR"))
    assert await shop.fetchval(effective, now + timedelta(minutes=61)) == 1000
    assert (await refused(shop, EndSale(variant_id=variant_id, currency="EUR"))).code == "no_sale"


async def test_a_sale_must_be_lower_and_end_after_it_starts(shop: Shop) -> None:
    variant_id = await priced(shop)
    dear = SetSalePrice(variant_id=variant_id, currency="EUR", sale_amount_minor=1000)
    assert (await refused(shop, dear)).code == "sale_not_below_price"
    now = datetime.now(UTC)
    backwards = SetSalePrice(variant_id=variant_id, currency="EUR", sale_amount_minor=1, starts_at=now, ends_at=now)
    assert (await refused(shop, backwards)).code == "sale_dates"
    deep = SetSalePrice(variant_id=variant_id, currency="EUR", sale_amount_minor=600)
    assert isinstance(await shop.perform(deep, by=MANAGER), Held)


async def test_a_price_that_falls_below_its_sale_ends_it(shop: Shop) -> None:
    variant_id = await priced(shop)
    await shop.done(SetSalePrice(variant_id=variant_id, currency="EUR", sale_amount_minor=900))
    await shop.done(SetPrice(variant_id=variant_id, currency="EUR", amount_minor=950))
    assert (await price(shop, variant_id))["sale_amount_minor"] == 900
    await shop.done(SetPrice(variant_id=variant_id, currency="EUR", amount_minor=900))
    assert (await price(shop, variant_id))["sale_amount_minor"] is None


async def test_history_tells_who_changed_what_and_undo_puts_it_back(shop: Shop) -> None:
    variant_id = await priced(shop)
    changed = await shop.perform(ChangePrice(variant_id=variant_id, currency="EUR", amount_minor=1200), by=MANAGER)
    assert isinstance(changed, Done)
    await shop.done(UndoEntry(entry_id=changed.entry_id))
    assert (await price(shop, variant_id))["amount_minor"] == 1000
    async with shop.application.database.read() as connection:
        history = [change for _, change in await price_history(connection, variant_id, "EUR")]
        (now,) = await prices_of_variant(connection, variant_id, datetime.now(UTC))
        first_page = await price_history(connection, variant_id, "EUR", limit=1)
        second_page = await price_history(connection, variant_id, "EUR", before=first_page[0][0], limit=1)
    assert [(change.action, change.before_minor, change.amount_minor) for change in history] == [
        ("UndoEntry", 1200, 1000),
        ("ChangePrice", 1000, 1200),
        ("SetPrice", None, 1000),
    ]
    assert history[1].actor_id == MANAGER.id
    assert (now.sku, now.effective_minor, now.cost_minor) == ("BOOT", 1000, None)
    assert second_page[0][1] == history[1]
