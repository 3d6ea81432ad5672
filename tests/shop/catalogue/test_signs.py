"""Signs: what products are narrowed to, made alike by the shop's code and by the database, and never out of date."""

import asyncpg

from bottega.platform.database.migrations.sql_files import files_of
from bottega.shop.catalogue.listing import Filters
from bottega.shop.catalogue.signs import IN_STOCK, ONE_VARIANT, TOLD, Kind, signs
from bottega.shop.stock.actions import AdjustStock
from tests.shop.catalogue.products_fixture import index, stocked
from tests.shop.catalogue.searching import found, handles
from tests.shop.catalogue.test_constraint_conditions import shirt
from tests.shop_fixtures import Shop

TEXTS = ("in_stock", "brand:pauly's österreich", "v:size=10 ½", "", "鞋")


async def test_code_and_database_make_the_same_signs(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        kinds: tuple[Kind, ...] = ("facet", "trait", "variant")
        for place, kind in enumerate(kinds):
            given: list[list[str] | None] = [None, None, None]
            given[place] = list(TEXTS)
            made = await connection.fetchval("SELECT search.signs_of($1, $2, $3, false)", *given)
            assert set(made) - {TOLD} == set(signs(kind, TEXTS))
        assert await connection.fetchval("SELECT search.signs_of('{}', '{}', '{}', false)") == [TOLD]
        assert await connection.fetchval("SELECT search.signs_of('{}', NULL, NULL, true)") == [ONE_VARIANT]
        assert await connection.fetchval("SELECT search.signs_of('{}', NULL, NULL, NULL)") == []
    finally:
        await connection.close()


async def test_a_product_has_the_signs_of_its_facets_its_traits_and_its_variants(shop: Shop) -> None:
    await stocked(shop, shirt("linen-shirt", ("S", "blue", 2000, 3), ("M", "red", 2500, 0)))
    await index(shop)
    made: list[int] = await shop.fetchval("SELECT signs FROM search.products")
    wanted = [
        *signs("facet", ["in_stock", "brand:corvado", "category:clothing", "category:clothing/shirts"]),
        *signs("trait", ["w:linen"]),
        *signs("variant", ["colour:blue", "colour:red", "size:m"]),
    ]
    assert {*wanted, TOLD, IN_STOCK} <= set(made)


async def test_what_was_remembered_of_a_condition_ends_with_the_next_change(shop: Shop) -> None:
    """The same search in between finds what came in, and not what is sold out, at once."""
    await stocked(shop, shirt("linen-shirt", ("S", "blue", 2000, 3)), shirt("wool-shirt", ("S", "blue", 2000, 0)))
    await index(shop)
    bought = Filters("EUR", in_stock=True)
    assert handles(await found(shop, "shirt", bought)) == ["linen-shirt"]
    assert handles(await found(shop, "shirt under 30 euro", bought)) == ["linen-shirt"]
    main = await shop.fetchval("SELECT id FROM shop.locations")
    for sku, units in (("linen-shirt-S-blue", -3), ("wool-shirt-S-blue", 2)):
        variant = await shop.fetchval("SELECT id FROM shop.variants WHERE sku = $1", sku)
        await shop.done(AdjustStock(variant_id=variant, location_id=main, change=units, reason="Counted"))
    await index(shop)
    assert handles(await found(shop, "shirt", bought)) == ["wool-shirt"]
    assert handles(await found(shop, "shirt under 30 euro", bought)) == ["wool-shirt"]


async def test_a_shop_of_a_revision_before_gets_its_signs(shop: Shop) -> None:
    linen = shirt("linen-shirt", ("S", "blue", 2000, 3), ("M", "red", 2500, 0))
    await stocked(shop, linen, shirt("wool-shirt", ("S", "red", 1000, 1)))
    await index(shop)
    every = (
        "SELECT array_agg(array_to_string(signs, ' ') ORDER BY product_id) FROM ("
        "SELECT product_id, ARRAY(SELECT unnest(signs) ORDER BY 1) AS signs FROM search.products) AS sorted"
    )
    made = await shop.fetchval(every)
    await shop.execute(_AS_BEFORE)
    for revision in ("0003", "0004", "0005"):
        for file in files_of(revision):
            await shop.execute(file.read_text(encoding="utf-8"))
    assert await shop.fetchval(every) == made
    in_order = await shop.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = 'products_standing'")
    # An index on any other expression than the one that listings are sorted by would never be used.
    assert f"'{IN_STOCK}'::bigint = ANY (signs)" in in_order
    assert handles(await found(shop, "blue shirt", Filters("EUR", in_stock=True))) == ["linen-shirt"]


async def test_a_shop_of_a_revision_before_keeps_its_cards(shop: Shop) -> None:
    await stocked(shop, shirt("linen-shirt", ("S", "blue", 2000, 3)), shirt("wool-shirt", ("S", "red", 1000, 1)))
    await index(shop)
    made = await shop.fetch("SELECT * FROM search.product_cards ORDER BY product_id")
    assert len(made) == 2
    await shop.execute(_CARDS_AS_BEFORE)
    for file in files_of("0006"):
        await shop.execute(file.read_text(encoding="utf-8"))
    assert await shop.fetch("SELECT * FROM search.product_cards ORDER BY product_id") == made
    assert handles(await found(shop, "blue shirt", Filters("EUR"))) == ["linen-shirt"]


_CARDS_AS_BEFORE = """
ALTER TABLE search.products ADD COLUMN card text;
UPDATE search.products p SET card = c.card
FROM search.product_cards c WHERE c.product_id = p.product_id AND c.currency = p.currency;
DROP TABLE search.product_cards;
"""
_AS_BEFORE = """
DROP INDEX search.products_signs;
ALTER TABLE search.products DROP COLUMN signs;
DROP FUNCTION search.signs_of(text[], text[], text[]), search.signs_of(text[], text[], text[], boolean);
DROP FUNCTION search.sign_of, search.variants_told;
CREATE INDEX products_facets ON search.products USING gin (facets);
"""
