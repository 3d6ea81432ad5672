"""Importing whole products: created, updated, unchanged, rejected; and what each of them leaves behind."""

from tests.shop.catalogue.products_fixture import jacket, upsert
from tests.shop.stock.levels_fixture import assert_stock_invariants
from tests.shop_fixtures import Shop


async def test_a_new_product_comes_with_everything_it_has(shop: Shop) -> None:
    result = await upsert(shop, jacket())
    assert (result["created"], result["updated"], result["unchanged"], result["rejections"]) == (1, 0, 0, [])
    (product,) = await shop.fetch(
        "SELECT p.*, c.path, c.title AS category_title FROM shop.products p JOIN shop.categories c ON c.id = category_id"
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
    await assert_stock_invariants(shop)


async def test_the_same_again_changes_nothing_and_receives_no_stock(shop: Shop) -> None:
    await upsert(shop, jacket())
    before = await shop.fetchval("SELECT max(id) FROM log.changes")
    result = await upsert(shop, jacket())
    assert (result["created"], result["updated"], result["unchanged"]) == (0, 0, 1)
    assert await shop.fetchval("SELECT max(id) FROM log.changes") == before
