"""What amended and exchanged goods come to: discounts keep their part, with tax inside the price and on top of it."""

from decimal import Decimal

import pytest

from bottega.shop.flows.amend_order import AmendOrderItems, LineAmendment
from bottega.shop.flows.amended_lines import discount_share
from bottega.shop.flows.exchange_order import ExchangedLine, RequestExchange
from bottega.shop.flows.return_handling import ApproveReturn
from bottega.shop.promotions.actions import CreatePromotion
from bottega.shop.shop_settings import ChangeShopSettings
from tests.shop.wardrobe import Wardrobe, open_wardrobe
from tests.shop_fixtures import SUPPORT, Shop


async def amended(wardrobe: Wardrobe, order_id: str, variant: str) -> int:
    """Swaps the first line; returns the difference."""
    line = (await wardrobe.lines(order_id))[0]["id"]
    lines = (LineAmendment(line_id=line, variant_id=variant),)
    action = AmendOrderItems(order_id=order_id, lines=lines, instrument_id=wardrobe.card)
    return (await wardrobe.done(action))["difference_minor"]


async def test_a_discount_stays_the_same_part_of_the_price(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    await shop.done(CreatePromotion(name="Tenth off", kind="percent", percent=Decimal(10)))
    order_id = await wardrobe.bought(wardrobe.medium)
    assert await amended(wardrobe, order_id, wardrobe.large) == 10_800 - 9_000
    order = await wardrobe.order(order_id)
    assert order["total_minor"] == 10_800 + 490
    (line,) = await wardrobe.lines(order_id)
    assert line["net_minor"] - line["discount_minor"] + line["tax_minor"] == 10_800
    assert order["discount_minor"] == line["discount_minor"]
    await wardrobe.unbroken()


async def test_with_tax_on_top_of_the_price(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    await shop.done(ChangeShopSettings(values={"prices_include_tax": False}))
    await shop.done(CreatePromotion(name="Tenth off", kind="percent", percent=Decimal(10)))
    order_id = await wardrobe.bought(wardrobe.medium)
    # 100.00 − 10.00 and 22 % of it; then 120.00 − 12.00.
    assert (await wardrobe.lines(order_id))[0]["tax_minor"] == 1_980
    assert await amended(wardrobe, order_id, wardrobe.large) == 10_800 + 2_376 - 9_000 - 1_980
    (line,) = await wardrobe.lines(order_id)
    assert (line["net_minor"], line["discount_minor"], line["tax_minor"]) == (12_000, 1_200, 2_376)
    await wardrobe.unbroken()


@pytest.mark.parametrize(
    ("includes_tax", "paid", "difference"), [(True, 10_000, 2_000), (False, 12_200, 2_440)], ids=["inside", "on top"]
)
async def test_an_exchange_credits_what_was_paid(shop: Shop, includes_tax: bool, paid: int, difference: int) -> None:
    wardrobe = await open_wardrobe(shop)
    await shop.done(ChangeShopSettings(values={"prices_include_tax": includes_tax}))
    order_id = await wardrobe.delivered(wardrobe.medium)
    line = (await wardrobe.lines(order_id))[0]
    assert line["net_minor"] + line["tax_minor"] == paid
    lines = (ExchangedLine(line_id=line["id"], new_variant_id=wardrobe.large),)
    action = RequestExchange(order_id=order_id, lines=lines, instrument_id=wardrobe.card)
    made = await wardrobe.done(action)
    assert made["difference_minor"] == difference
    approved = await wardrobe.done(ApproveReturn(return_id=made["return_id"]), by=SUPPORT)
    replacement = await wardrobe.order(approved["exchange_order_id"])
    assert (replacement["total_minor"], replacement["payment_status"]) == (difference, "paid")
    await wardrobe.unbroken()


def test_the_share_of_a_discount() -> None:
    line = {
        "quantity": 2,
        "unit_price_minor": 5_000,
        "net_minor": 8_197,
        "discount_minor": 820,
        "tax_minor": 1_623,
    }
    assert discount_share(line, 10_000, includes_tax=True) == 1_000
    assert discount_share(line, 2_500, includes_tax=True) == 250
    assert discount_share(line, 5_000, includes_tax=False) == 410
    assert discount_share({**line, "unit_price_minor": 0}, 5_000, includes_tax=True) == 0
