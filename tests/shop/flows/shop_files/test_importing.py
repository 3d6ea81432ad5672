"""Importing a whole shop: every figure, bad rows reported, repeated without duplicates, and nothing personal logged."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bottega.actions.outcome import Denied
from bottega.bootstrap.invariants import check_invariants
from bottega.kernel.errors import Invalid, NotFound
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.flows.import_customers import ImportCustomers
from bottega.shop.flows.shop_files.importing import ShopChoices, ShopImport, ShopSummary, read_shop
from bottega.shop.flows.shop_files.records import CustomerRecord
from bottega.shop.flows.shop_files.tau_retail import minor
from tests.shop.flows.shop_files.two_orders import small_shop
from tests.shop_fixtures import OWNER, SUPPORT, Shop


def written(directory: Path, content: Any, *, compressed: bool = False) -> Path:
    path = directory / "shop.json"
    text = json.dumps(content).encode()
    path.write_bytes(gzip.compress(text) if compressed else text)
    return path


async def brought_in(shop: Shop, path: Path, **choices: Any) -> ShopSummary:
    application = shop.application
    importer = ShopImport(application.database, application.performer, OWNER, ShopChoices(**choices))
    return await importer.import_file(path)


async def order(shop: Shop, number: str) -> dict[str, Any]:
    return (await shop.fetch("SELECT * FROM shop.orders WHERE source_id = $1", number))[0]


async def unbroken(shop: Shop) -> None:
    for checked in await check_invariants(shop.application.database):
        if checked.name != "I14":
            assert not checked.violations, checked


async def test_a_shop_with_orders_in_every_state(shop: Shop, tmp_path: Path) -> None:
    summary = await brought_in(shop, written(tmp_path, small_shop(), compressed=True))
    assert (summary.read, summary.created, summary.rejected) == (8, 8, 0)
    assert {name: section.created for name, section in summary.sections.items()} == {
        "products": 2,
        "customers": 2,
        "orders": 4,
    }
    states = {
        row["source_id"]: (row["status"], row["payment_status"], row["fulfilment_status"], row["total_minor"])
        for row in await shop.fetch("SELECT * FROM shop.orders")
    }
    assert states == {
        "#W1": ("open", "paid", "unfulfilled", 2 * 1_999 + 31_000),
        "#W2": ("completed", "paid", "delivered", 1_999),
        "#W3": ("open", "paid", "shipped", 31_000),
        "#W4": ("cancelled", "refunded", "unfulfilled", 1_999),
    }
    # Plenty of lamps beside the two that are promised; of the desk only the promised one.
    levels = await shop.fetch(
        "SELECT v.sku, s.on_hand, s.reserved FROM shop.stock_levels s JOIN shop.variants v ON v.id = s.variant_id "
        "ORDER BY v.sku"
    )
    assert [tuple(level.values()) for level in levels] == [
        ("desk-1", 1, 1),
        ("lamp-b", 1_000, 0),
        ("lamp-w", 1_002, 2),
    ]
    assert await shop.fetchval("SELECT balance_minor FROM shop.gift_cards") == 5_000
    assert [row["state"] for row in await shop.fetch("SELECT state FROM shop.shipments ORDER BY state")] == [
        "cancelled",
        "delivered",
        "shipped",
    ]
    await unbroken(shop)


async def test_again_it_creates_nothing(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path, small_shop())
    await brought_in(shop, path)
    summary = await brought_in(shop, path)
    assert (summary.read, summary.created, summary.unchanged) == (8, 0, 8)
    assert await shop.fetchval("SELECT count(*) FROM shop.orders") == 4


async def test_what_is_imported_can_be_worked_with(shop: Shop, tmp_path: Path) -> None:
    await brought_in(shop, written(tmp_path, small_shop()))
    cancelled = await shop.done(CancelOrder(order_id=(await order(shop, "#W1"))["id"], reason="no longer needed"))
    assert cancelled["refunded_minor"] == 34_998
    assert (await order(shop, "#W1"))["payment_status"] == "refunded"
    await unbroken(shop)


async def test_bad_rows_are_reported_and_the_good_ones_go_in(shop: Shop, tmp_path: Path) -> None:
    content = small_shop()
    content["orders"]["#W1"]["status"] = "lost in space"
    content["orders"]["#W2"]["user_id"] = "nobody"
    content["orders"]["#W3"]["items"][0]["item_id"] = "unknown"
    content["orders"]["#W3"]["fulfillments"][0]["item_ids"] = ["unknown"]
    content["users"]["bob_2"]["payment_methods"]["paypal_1"]["source"] = "shells"
    del content["products"]["p2"]["name"]
    summary = await brought_in(shop, written(tmp_path, content))
    assert (summary.read, summary.created, summary.rejected) == (8, 3, 5)
    found = [(row["section"], row["row"], row["field"]) for row in summary.rejections]
    assert found == [
        ("products", 2, "name"),
        ("customers", 2, "payment_methods"),
        ("orders", 1, "status"),
        ("orders", 2, "user_id"),
        ("orders", 3, "customer"),
    ]
    await unbroken(shop)


@pytest.mark.parametrize("section", ["orders", "users", "products"])
async def test_strict_refuses_the_whole_file(shop: Shop, tmp_path: Path, section: str) -> None:
    content = small_shop()
    next(iter(content[section].values())).clear()
    summary = await brought_in(shop, written(tmp_path, content), strict=True)
    assert (summary.read, summary.created) == (8, 0)
    assert summary.rejected >= 1
    for table in ("products", "customers", "orders", "locations"):
        assert await shop.fetchval(f"SELECT count(*) FROM shop.{table}") == 0


async def test_strict_finds_what_an_order_names_and_the_file_has_not(shop: Shop, tmp_path: Path) -> None:
    content = small_shop()
    content["orders"]["#W3"]["payment_history"][0]["payment_method_id"] = "gift_card_1"
    summary = await brought_in(shop, written(tmp_path, content), strict=True)
    assert [(row["section"], row["row"], row["field"]) for row in summary.rejections] == [
        ("orders", 3, "payment_history")
    ]
    assert await shop.fetchval("SELECT count(*) FROM shop.orders") == 0


async def test_nothing_personal_stands_in_the_log_or_in_the_tables(shop: Shop, tmp_path: Path) -> None:
    await brought_in(shop, written(tmp_path, small_shop()))
    logged = await shop.fetchval("SELECT string_agg(convert_from(arguments, 'UTF8'), '') FROM log.entries")
    changed = await shop.fetchval("SELECT string_agg(coalesce(after::text, ''), '') FROM log.changes")
    for text in ("Reed", "ann_1", "Elm St", "ann@example.com"):
        assert text not in logged
        assert text not in changed


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"products": {}, "users": {}}', '{"products": [], "users": {}, "orders": {}}']
)
def test_files_of_another_form_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.json"
    path.write_text(text)
    with pytest.raises(Invalid):
        read_shop(path)


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_shop(tmp_path / "nowhere.json")


async def test_only_those_who_import_may(shop: Shop) -> None:
    action = ImportCustomers(source="tau-retail", customers=(CustomerRecord(source_id="x", name="X"),))
    assert isinstance(await shop.perform(action, by=SUPPORT), Denied)
    assert await shop.fetchval("SELECT count(*) FROM shop.customers") == 0


@pytest.mark.parametrize(("value", "cents"), [(19.99, 1_999), (0.30000000000000004, 30), (-16.63, -1_663), (5, 500)])
def test_amounts_become_cents(value: float, cents: int) -> None:
    assert minor(value) == cents
