"""What a sentence is searched as: forms that nothing can meet are passed over, and how statements are planned."""

import pytest

from bottega.platform.database.pool import plan_for_any, plan_for_values
from bottega.retrieval.counting import plan_for
from bottega.retrieval.narrowing import Counted, Documents, Narrowing
from bottega.shop.catalogue.listing import Filters
from bottega.shop.catalogue.search_reading import DOCUMENT, SOURCE
from tests.gateway.test_statements import statements_of
from tests.shop.catalogue.products_fixture import simple, stocked
from tests.shop.catalogue.searching import found, handles
from tests.shop_fixtures import Shop

ROW = "p.currency = $1"
DEAR = Filters("EUR", minimum_minor=5_000)


async def test_a_price_below_the_lowest_one_chosen_is_given_up_without_being_counted(shop: Shop) -> None:
    await stocked(shop, simple("oak-lamp", 2_000), simple("brass-lamp", 9_000))
    await found(shop, "oak")
    async with statements_of(shop) as seen:
        page = await found(shop, "lamp under 30 euro", DEAR)
    assert handles(page) == ["brass-lamp"]
    assert [constraint.stated.label for constraint in page.relaxed.dropped]
    assert not [text for text in seen if "p.price_minor >= " in text and "p.price_minor <= " in text]
    assert handles(await found(shop, "lamp under 30 euro")) == ["oak-lamp"]
    assert handles(await found(shop, "lamp", Filters("EUR", minimum_minor=5_000, maximum_minor=4_000))) == []


async def test_what_is_counted_is_planned_for_its_values_and_nothing_else(shop: Shop) -> None:
    await stocked(shop, simple("oak-lamp", 2_000))
    database = shop.application.database

    async def planning() -> str:
        async with database.search() as connection:
            return str(await connection.fetchval("SHOW plan_cache_mode"))

    async def broken() -> None:
        async with database.search() as connection:
            await plan_for_values(connection)
            raise ZeroDivisionError

    assert await planning() == "force_generic_plan"
    await found(shop, "lamp under 30 euro", DEAR)
    assert await planning() == "force_generic_plan"
    async with database.search() as connection:
        await plan_for_values(connection)
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_custom_plan"
        await plan_for_any(connection)
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_generic_plan"
    with pytest.raises(ZeroDivisionError):
        await broken()
    assert await planning() == "force_generic_plan"


async def test_what_asks_other_tables_is_planned_for_its_values(shop: Shop) -> None:
    async def plans(condition: str, counted: Counted | None) -> str:
        async with shop.application.database.search() as connection:
            await plan_for(connection, Narrowing(SOURCE, DOCUMENT, condition, ("EUR",), row=ROW, counted=counted))
            return str(await connection.fetchval("SHOW plan_cache_mode"))

    wide = f"{ROW} AND p.product_id IN (SELECT n.product_id FROM search.numbers n WHERE n.name = 'width')"
    assert await plans(wide, Counted(None)) == "force_custom_plan"
    # Of few it is known that they meet it.
    assert await plans(wide, Counted(Documents("{1,2}", 2))) == "force_generic_plan"
    assert await plans(ROW, Counted(None)) == "force_generic_plan"
