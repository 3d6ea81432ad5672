"""Prices in the console: many changed at once after a look, sales, lists, and a bad import put back."""

from bottega.kernel.identifiers import new_id
from bottega.shop.catalogue.actions import ArchiveProduct, CreateProduct
from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.flows.import_products import UpsertProducts
from bottega.shop.prices.actions import SetPrice
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.console.working import send, submit_chosen
from tests.web.shelf import Shelf

PRICES = f"{CONSOLE}/prices"


async def priced(shelf: Shelf, amount_minor: int = 10_000) -> tuple[str, str]:
    """A variant of its own with a price: its id and SKU."""
    made = await shelf.shop.done(CreateProduct(title=f"Rope {new_id('prd')[-10:]}"))
    variant = made["variant_ids"][0]
    await shelf.shop.done(SetPrice(variant_id=variant, currency="EUR", amount_minor=amount_minor))
    return variant, await shelf.shop.fetchval("SELECT sku FROM shop.variants WHERE id = $1", variant)


async def price_of(shelf: Shelf, variant: str) -> int:
    return await shelf.shop.fetchval("SELECT amount_minor FROM shop.prices WHERE variant_id = $1", variant)


async def test_chosen_prices_change_after_a_look(owner: Colleague) -> None:
    shelf = owner.shelf
    chosen = [(await priced(shelf, amount))[0] for amount in (10_000, 1_234)]
    page = await submit_chosen(owner, PRICES, f"{PRICES}/preview", chosen)
    assert page.count("#by-percent [name='chosen']") == 2
    look = await submit_chosen(owner, PRICES, f"{PRICES}/preview", chosen, percent="10", ending="90")
    assert_whole(look)
    assert "€109.90" in look.text_of("#preview")
    assert "€13.90" in look.text_of("#preview")
    assert [await price_of(shelf, one) for one in chosen] == [10_000, 1_234], "nothing is changed by looking"
    done = await owner.submit(look, "#change")
    assert "2 prices are changed" in done.flashes
    assert [await price_of(shelf, one) for one in chosen] == [10_990, 1_390]


async def test_a_price_that_moved_since_is_not_overwritten(owner: Colleague) -> None:
    variant, _ = await priced(owner.shelf)
    look = await submit_chosen(owner, PRICES, f"{PRICES}/preview", [variant], percent="10")
    await owner.shelf.shop.done(SetPrice(variant_id=variant, currency="EUR", amount_minor=7_700))
    refused = await owner.submit(look, "#change")
    assert "have moved since you looked" in refused.flashes
    assert await price_of(owner.shelf, variant) == 7_700


async def test_a_large_change_of_a_manager_waits(colleagues: dict[str, Colleague]) -> None:
    manager = colleagues["manager"]
    variant, _ = await priced(manager.shelf)
    look = await submit_chosen(manager, PRICES, f"{PRICES}/preview", [variant], percent="-40")
    assert "wait for another manager" in look.text
    held = await manager.submit(look, "#change")
    assert "waits for approval" in held.flashes
    assert await price_of(manager.shelf, variant) == 10_000


async def test_a_list_is_read_and_what_is_wrong_named(owner: Colleague) -> None:
    variant, sku = await priced(owner.shelf)
    wrong = await send(owner, f"{PRICES}/preview", lines=f"{sku},EUR,12.34\nNO-SUCH,EUR,1\n{sku}")
    assert wrong.status == 422
    assert "line 3" in wrong.text_of("#list-lines-note")
    assert "no SKU NO-SUCH" in wrong.text_of("#list-lines-note")
    look = await send(owner, f"{PRICES}/preview", lines=f"{sku},EUR,99.50")
    await owner.submit(look, "#change")
    assert await price_of(owner.shelf, variant) == 9_950


async def test_a_list_goes_out_and_comes_back_in_another_currency(owner: Colleague) -> None:
    shelf = owner.shelf
    variant, sku = await priced(shelf, 10_000)
    await shelf.shop.done(SetPrice(variant_id=variant, currency="CHF", amount_minor=9_000))
    listed = (await owner.get(f"{PRICES}/list.csv")).response.text
    lines = [line for line in listed.splitlines() if line.startswith((f"{sku},", "SKU,"))]
    assert lines == ["SKU,currency,amount", f"{sku},CHF,90.00", f"{sku},EUR,100.00"]
    look = await send(owner, f"{PRICES}/preview", lines="\n".join(lines).replace("90.00", "80.00"))
    assert "CHF" in look.text_of("#preview")
    await owner.submit(look, "#change")
    page = await owner.get(f"{PRICES}?currency=CHF&q={sku}")
    assert "80.00 CHF" in page.text_of(".work-table")
    look = await submit_chosen(owner, PRICES, f"{PRICES}/preview?currency=CHF", [variant], percent="10")
    await owner.submit(look, "#change")
    amounts = "SELECT currency, amount_minor FROM shop.prices WHERE variant_id = $1 ORDER BY currency"
    assert await shelf.shop.fetch(amounts, variant) == [
        {"currency": "CHF", "amount_minor": 8_800},
        {"currency": "EUR", "amount_minor": 10_000},
    ]


async def test_a_bad_import_is_put_back(owner: Colleague) -> None:
    shelf = owner.shelf
    handle = f"import-{new_id('prd')[-8:]}"

    def record(amount: int) -> ProductRecord:
        variant = {"sku": handle.upper(), "prices": {"EUR": amount}}
        return ProductRecord.model_validate({"handle": handle, "title": handle, "variants": [variant]})

    await shelf.shop.done(UpsertProducts(products=(record(5_000),)))
    await shelf.shop.done(UpsertProducts(products=(record(50),)))
    variant = await shelf.shop.fetchval("SELECT id FROM shop.variants WHERE sku = $1", handle.upper())
    assert await price_of(shelf, variant) == 50
    entry = await shelf.shop.fetchval(
        "SELECT entry_id FROM log.changes WHERE table_name = 'shop.prices' AND operation = 'update' "
        "AND after ->> 'variant_id' = $1 ORDER BY id DESC LIMIT 1",
        variant,
    )
    changes = await owner.get(f"{PRICES}/changes")
    assert_whole(changes)
    look = await owner.submit(changes, f"form[action='{PRICES}/changes/{entry}/return']")
    assert "€50.00" in look.text_of("#preview")
    await owner.submit(look, "#change")
    assert await price_of(shelf, variant) == 5_000
    again = await send(owner, f"{PRICES}/changes/{entry}/return")
    assert "stand as they were before" in again.flashes
    # Other tests count what the shop sells.
    product = await shelf.shop.fetchval("SELECT id FROM shop.products WHERE handle = $1", handle)
    await shelf.shop.done(ArchiveProduct(product_id=product))


async def test_a_sale_begins_and_ends(owner: Colleague) -> None:
    shelf = owner.shelf
    first, sku = await priced(shelf)
    second, other = await priced(shelf, 2_000)
    await submit_chosen(owner, PRICES, f"{PRICES}/sales", [first], percent="25", ending="", days="7")
    sale = "SELECT sale_amount_minor FROM shop.prices WHERE variant_id = $1"
    assert await shelf.shop.fetchval(sale, first) == 7_500
    assert sku in (await owner.get(f"{PRICES}?kind=sale&q={sku}")).text_of(".work-table")
    page = await submit_chosen(owner, PRICES, f"{PRICES}/sales/ends", [first, second])
    assert "(1 of 2)" in page.flashes
    assert f"1 row not changed: {other}: This price has no sale." in page.flashes
    assert await shelf.shop.fetchval(sale, first) is None
