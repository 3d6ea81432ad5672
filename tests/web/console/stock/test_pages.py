"""Stock in the console: found, adjusted, counted, moved, received, and when it counts as low."""

import pytest_asyncio

from bottega.kernel.identifiers import new_id
from bottega.shop.catalogue.actions import CreateProduct
from bottega.shop.stock.actions import ReceiveStock
from bottega.shop.stock.actions.goods import ReceiptLine
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.console.working import send, submit_chosen

STOCK = f"{CONSOLE}/stock"


@pytest_asyncio.fixture
async def jan(colleagues: dict[str, Colleague]) -> Colleague:
    return colleagues["warehouse"]


async def location(colleague: Colleague, handle: str = "main") -> str:
    return await colleague.shelf.shop.fetchval("SELECT id FROM shop.locations WHERE handle = $1", handle)


async def stocked(colleague: Colleague, units: int = 10) -> str:
    """A variant of its own, with so many units."""
    shop = colleague.shelf.shop
    made = await shop.done(CreateProduct(title=f"Peg {new_id('prd')[-10:]}", published=True))
    variant = made["variant_ids"][0]
    line = ReceiptLine(variant_id=variant, quantity=units)
    await shop.done(ReceiveStock(location_id=await location(colleague), lines=(line,)))
    return variant


async def on_hand(colleague: Colleague, variant: str, handle: str = "main") -> int | None:
    return await colleague.shelf.shop.fetchval(
        "SELECT on_hand FROM shop.stock_levels s JOIN shop.locations l ON l.id = s.location_id "
        "WHERE s.variant_id = $1 AND l.handle = $2",
        variant,
        handle,
    )


async def sku_of(colleague: Colleague, variant: str) -> str:
    return await colleague.shelf.shop.fetchval("SELECT sku FROM shop.variants WHERE id = $1", variant)


async def test_levels_are_found_and_low_ones_told_apart(jan: Colleague) -> None:
    few, many = await stocked(jan, 2), await stocked(jan, 50)
    for variant, is_low in ((few, 1), (many, 0)):
        sku = await sku_of(jan, variant)
        assert (await jan.get(f"{STOCK}?q={sku}")).count(f"a[href='{STOCK}/{variant}']") == 1
        assert (await jan.get(f"{STOCK}?q={sku}&level=low")).count(f"a[href='{STOCK}/{variant}']") == is_low
    for sort in ("lasts", "-lasts", "sku", "title"):
        assert (await jan.get(f"{STOCK}?sort={sort}")).status == 200


async def test_an_adjustment_needs_a_reason(jan: Colleague) -> None:
    variant = await stocked(jan)
    page = await jan.get(f"{STOCK}/{variant}")
    assert_whole(page)
    await jan.submit(page, "#adjust form", change="-3", reason="broken in the rain")
    assert await on_hand(jan, variant) == 7
    assert "broken in the rain" in (await jan.get(f"{STOCK}/{variant}")).text
    refused = await jan.submit(await jan.get(f"{STOCK}/{variant}"), "#adjust form", change="-1", reason="")
    assert "Reason: please fill this in" in refused.flashes
    assert await on_hand(jan, variant) == 7


async def test_a_large_adjustment_waits(jan: Colleague) -> None:
    variant = await stocked(jan)
    page = await jan.submit(await jan.get(f"{STOCK}/{variant}"), "#adjust form", change="500", reason="found them")
    assert "waits for approval" in page.flashes
    assert await on_hand(jan, variant) == 10


async def test_goods_are_carried_and_levels_set(jan: Colleague) -> None:
    variant = await stocked(jan)
    main, store = await location(jan), await location(jan, "store")
    fields = {"from_location_id": main, "to_location_id": store, "quantity": "4"}
    await jan.submit(await jan.get(f"{STOCK}/{variant}"), "#transfer form", **fields)
    assert (await on_hand(jan, variant), await on_hand(jan, variant, "store")) == (6, 4)
    await send(jan, f"{STOCK}/{variant}/threshold", location_id=main, units="9")
    await send(jan, f"{STOCK}/{variant}/backorder", location_id=main, units="5")
    levels = "SELECT low_threshold, backorder_limit FROM shop.stock_levels WHERE variant_id = $1 AND location_id = $2"
    assert await jan.shelf.shop.fetch(levels, variant, main) == [{"low_threshold": 9, "backorder_limit": 5}]
    await send(jan, f"{STOCK}/{variant}/threshold", location_id=main, units="")
    assert (await jan.shelf.shop.fetch(levels, variant, main))[0]["low_threshold"] is None


async def test_what_was_counted_is_written_and_a_stale_count_refused(jan: Colleague) -> None:
    first, second = await stocked(jan), await stocked(jan)
    main = await location(jan)
    keys = [f"{first}.{main}", f"{second}.{main}"]
    seen = {f"was.{key}": "10" for key in keys}
    fields = {**seen, f"counted.{keys[0]}": "8", f"counted.{keys[1]}": "10"}
    page = await submit_chosen(jan, STOCK, f"{STOCK}/counts", keys, **fields)
    assert "The books say what was counted." in page.flashes
    assert [await on_hand(jan, one) for one in (first, second)] == [8, 10]
    stale = await submit_chosen(jan, STOCK, f"{STOCK}/counts", keys[:1], **{**seen, f"counted.{keys[0]}": "9"})
    assert "have moved since" in stale.flashes
    assert await on_hand(jan, first) == 8


async def test_a_delivery_is_one_action(jan: Colleague) -> None:
    first, second = await stocked(jan), await stocked(jan)
    skus = [await sku_of(jan, one) for one in (first, second)]
    page = await jan.get(f"{STOCK}/receipt")
    fields = {"location_id": await location(jan), "reference": "DN-1"}
    unknown = await jan.submit(page, "#receipt", lines=f"{skus[0]} 5\nNO-SUCH-THING 1", **fields)
    assert (unknown.status, "NO-SUCH-THING" in unknown.text_of("#lines-note")) == (422, True)
    assert await on_hand(jan, first) == 10
    done = await jan.submit(unknown, "#receipt", lines=f"{skus[0]} 5\n{skus[1]}\n{skus[1]}", **fields)
    assert "7 units are in stock" in done.flashes
    assert [await on_hand(jan, one) for one in (first, second)] == [15, 12]


async def test_an_analyst_looks_and_counts_nothing(colleagues: dict[str, Colleague]) -> None:
    page = await colleagues["analyst"].get(STOCK)
    assert page.count("[name^='counted.'], [name='chosen']") == 0
