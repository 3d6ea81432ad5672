"""Importing whole products: created, updated, unchanged, rejected; and what each of them leaves behind."""

from typing import Any

import pytest
from pydantic import ValidationError

from bottega.actions.outcome import Denied, Failed, Held
from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.flows.import_products import UpsertProducts
from tests.shop.catalogue.products_fixture import jacket, last_change, simple, upsert
from tests.shop.stock.levels_fixture import assert_stock_invariants
from tests.shop_fixtures import ANALYST, MANAGER, SUPPORT, Shop


async def test_a_new_product_comes_with_everything_it_has(shop: Shop) -> None:
    result = await upsert(shop, jacket())
    assert (result["created"], result["updated"], result["unchanged"], result["rejections"]) == (1, 0, 0, [])
    (product,) = await shop.fetch(
        "SELECT p.*, c.path, c.title AS category_title FROM shop.products p "
        "JOIN shop.categories c ON c.id = p.category_id"
    )
    assert product["id"] == result["product_ids"][0]
    assert (product["path"], product["category_title"], product["status"]) == (
        "clothing/jackets",
        "Jackets",
        "published",
    )
    assert product["attributes"] == {"material": "nylon", "fill_weight_grams": 145, "hood": True}
    assert (product["option_names"], product["tags"]) == (["size"], ["winter"])
    variants = await shop.fetch(
        "SELECT v.sku, v.option_values, p.amount_minor, s.on_hand FROM shop.variants v "
        "JOIN shop.prices p ON p.variant_id = v.id JOIN shop.stock_levels s ON s.variant_id = v.id ORDER BY v.position"
    )
    assert variants == [
        {"sku": "DJT-S", "option_values": {"size": "S"}, "amount_minor": 18900, "on_hand": 5},
        {"sku": "DJT-M", "option_values": {"size": "M"}, "amount_minor": 18900, "on_hand": 5},
    ]
    assert await shop.fetchval("SELECT url FROM shop.media") == "https://example.com/down-jacket.jpg"
    assert await shop.fetchval("SELECT title FROM shop.collections") == "Winter essentials"
    assert await shop.fetchval("SELECT reference FROM shop.stock_movements LIMIT 1") == "import"
    await assert_stock_invariants(shop)


async def test_the_same_again_changes_nothing_and_receives_no_stock(shop: Shop) -> None:
    await upsert(shop, jacket())
    before = await last_change(shop)
    result = await upsert(shop, jacket())
    assert (result["created"], result["updated"], result["unchanged"]) == (0, 0, 1)
    assert await last_change(shop) == before


CHANGES: list[dict[str, Any]] = [
    {"title": "Better jacket"},
    {"attributes": {"material": "nylon", "fill_weight_grams": 145, "hood": False}},
    {"attributes": {"material": "nylon", "fill_weight_grams": 145, "hood": 1}},
    {"tags": ["winter", "new"]},
    {"category": "clothing/coats"},
    {"status": "draft"},
    {"related": ["wool-hat"]},
    {"media": [{"url": "https://example.com/other.jpg"}]},
    {"media": []},
    {"collections": ["winter-essentials", "gifts"]},
    {"tax_class": "reduced"},
]


@pytest.mark.parametrize("change", CHANGES, ids=[next(iter(change)) for change in CHANGES])
async def test_a_product_that_differs_is_updated_once(shop: Shop, change: dict[str, Any]) -> None:
    await upsert(shop, jacket(), simple("wool-hat"))
    result = await upsert(shop, jacket(**change), simple("wool-hat"))
    assert (result["created"], result["updated"], result["unchanged"]) == (0, 1, 1)
    again = await upsert(shop, jacket(**change), simple("wool-hat"))
    assert (again["updated"], again["unchanged"]) == (0, 2)


async def test_a_changed_price_and_a_new_variant_update_the_product(shop: Shop) -> None:
    await upsert(shop, jacket())
    record = jacket()
    record["variants"][0]["prices"] = {"EUR": 17900, "CHF": 19900}
    record["variants"].append({"sku": "DJT-L", "option_values": {"size": "L"}, "stock": {"main": 2}})
    result = await upsert(shop, record)
    assert (result["created"], result["updated"]) == (0, 1)
    prices = await shop.fetch(
        "SELECT v.sku, p.currency, p.amount_minor FROM shop.prices p JOIN shop.variants v ON v.id = p.variant_id "
        "ORDER BY v.position, p.currency"
    )
    assert [tuple(row.values()) for row in prices] == [
        ("DJT-S", "CHF", 19900),
        ("DJT-S", "EUR", 17900),
        ("DJT-M", "EUR", 18900),
    ]
    assert await shop.fetchval("SELECT sum(on_hand) FROM shop.stock_levels") == 12


async def test_a_sale_is_set_kept_and_ended_as_the_record_says(shop: Shop) -> None:
    record = jacket()
    record["variants"][0]["sales"] = {"EUR": {"amount_minor": 14900}}
    await upsert(shop, record)
    statement = "SELECT p.sale_amount_minor FROM shop.prices p JOIN shop.variants v ON v.id = variant_id WHERE sku = $1"
    assert await shop.fetchval(statement, "DJT-S") == 14900
    assert (await upsert(shop, jacket()))["unchanged"] == 1
    assert await shop.fetchval(statement, "DJT-S") == 14900
    record["variants"][0]["sales"] = {"EUR": None}
    assert (await upsert(shop, record))["updated"] == 1
    assert await shop.fetchval(statement, "DJT-S") is None


async def test_records_are_matched_by_source_before_handle(shop: Shop) -> None:
    await upsert(shop, jacket(source="erp", source_id="7"))
    result = await upsert(
        shop, jacket(handle="renamed-jacket", source="erp", source_id="7", variants=jacket()["variants"])
    )
    assert (result["created"], result["updated"]) == (0, 1)
    assert await shop.fetchval("SELECT handle FROM shop.products") == "renamed-jacket"
    # A record without a source finds it by its handle and leaves the source as it is.
    result = await upsert(shop, jacket(handle="renamed-jacket", title="New", variants=jacket()["variants"]))
    assert result["updated"] == 1
    assert await shop.fetchval("SELECT source || source_id FROM shop.products") == "erp7"


async def test_records_that_contradict_what_is_there_are_rejected_and_the_others_go_in(shop: Shop) -> None:
    await upsert(shop, jacket(source="erp", source_id="1"))
    bad_option = jacket("rain-coat", option_names=["size"], variants=[{"sku": "R-1", "option_values": {"size": "S"}}])
    result = await upsert(
        shop,
        jacket(source="other", source_id="1"),
        simple("hat") | {"variants": [{"sku": "DJT-S"}]},
        bad_option,
        simple("rain-coat"),
        simple("scarf"),
    )
    assert result["created"] == 2
    assert result["rejections"] == [
        {"row": 0, "field": "handle", "reason": "'down-jacket' belongs to another product"},
        {"row": 1, "field": "sku", "reason": "'DJT-S' belongs to another product"},
        {"row": 3, "field": "handle", "reason": "'rain-coat' stands in an earlier row already"},
    ]
    assert [product is None for product in result["product_ids"]] == [True, True, False, True, False]


async def test_variants_that_would_collide_with_those_it_has_are_rejected(shop: Shop) -> None:
    await upsert(shop, jacket())
    result = await upsert(shop, jacket(variants=[{"sku": "OTHER", "option_values": {"size": "S"}}]))
    (rejection,) = result["rejections"]
    assert rejection["field"] == "variants"
    assert "it is the same as variant 'OTHER' (S)" in rejection["reason"]


async def test_all_or_nothing_refuses_everything(shop: Shop) -> None:
    await upsert(shop, jacket())
    before = await last_change(shop)
    products = [jacket(source="x", source_id="1"), simple("scarf")]
    action = UpsertProducts(
        products=tuple(ProductRecord.model_validate(record) for record in products),
        row_numbers=(7, 9),
        all_or_nothing=True,
    )
    outcome = await shop.perform(action)
    assert isinstance(outcome, Failed)
    assert outcome.refusal.code == "records_rejected"
    assert outcome.refusal.details["rejections"][0]["row"] == 7
    assert await last_change(shop) == before


async def test_prices_far_off_wait_when_a_manager_imports(shop: Shop) -> None:
    await upsert(shop, simple("scarf", 1000))
    record = ProductRecord.model_validate(simple("scarf", 2000))
    outcome = await shop.perform(UpsertProducts(products=(record,)), by=MANAGER)
    assert isinstance(outcome, Held)
    assert outcome.rule_ids == ("prices.large_change_waits",)
    assert await shop.fetchval("SELECT amount_minor FROM shop.prices") == 1000
    within = ProductRecord.model_validate(simple("scarf", 1200))
    assert (await shop.done(UpsertProducts(products=(within,)), by=MANAGER))["updated"] == 1


async def test_others_may_not_import(shop: Shop) -> None:
    record = ProductRecord.model_validate(simple("scarf"))
    for actor in (SUPPORT, ANALYST):
        assert isinstance(await shop.perform(UpsertProducts(products=(record,)), by=actor), Denied)
    assert await shop.fetchval("SELECT count(*) FROM shop.products") == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"variants": []}, "at least 1 item"),
        ({"handle": "Not A Handle"}, "should match pattern"),
        ({"category": "a//b"}, "should match pattern"),
        ({"attributes": {"x": None}}, "a text, a number, true or false"),
        ({"attributes": {"x": float("inf")}}, "out of range"),
        ({"attributes": {"x": 10**16}}, "out of range"),
        ({"attributes": {"x": ["a", 1]}}, "a list holds texts alone"),
        ({"attributes": {"x": "a" * 10_001}}, "longer than 10000"),
        ({"source": "erp"}, "source and source_id belong together"),
        ({"option_names": ["size", "colour"]}, "the options are size, colour"),
        ({"variants": [{"sku": "A", "prices": {"XXX": 1}}], "option_names": []}, "not a currency"),
        ({"variants": [{"sku": "A", "prices": {"EUR": -1}}], "option_names": []}, "greater than or equal to 0"),
        ({"variants": [{"sku": "A", "prices": {"EUR": 5}, "sales": {"EUR": {"amount_minor": 5}}}]}, "is not below"),
        ({"variants": [{"sku": "A", "costs": {"EUR": 5}}]}, "has a cost in EUR and no price"),
        ({"media": [{"url": "javascript:alert(1)"}]}, "should match pattern"),
    ],
)
def test_unsound_records_are_refused_with_the_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        ProductRecord.model_validate(jacket(**change))


def test_a_whole_float_is_the_integer_it_means() -> None:
    record = ProductRecord.model_validate(jacket(attributes={"width": 12.0, "height": 1.5, "new": True}))
    assert [type(value) for value in record.attributes.values()] == [int, float, bool]
