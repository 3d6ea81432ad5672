"""Products in the console: texts, publication, variants, prices, pictures, new ones, and files."""

from typing import Any

import orjson
import pytest_asyncio

from bottega.kernel.identifiers import new_id
from bottega.shop.catalogue.actions import ArchiveProduct, CreateProduct
from bottega.web.console.products.importing import LARGEST_FILE_BYTES
from bottega.web.forms import LARGEST_FORM_BYTES
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.console.working import attribute, send, submit_chosen
from tests.web.shelf import HOSTILE

PRODUCTS = f"{CONSOLE}/products"


@pytest_asyncio.fixture
async def product_id(owner: Colleague) -> str:
    """A draft of its own, so that no other test's product changes."""
    name = new_id("prd")[-10:]
    made = await owner.shelf.shop.done(CreateProduct(title=f"Stove {name}", brand="Glow", attributes={"fuel": "gas"}))
    return made["product_id"]


async def row_of(colleague: Colleague, product_id: str) -> dict[str, Any]:
    return (await colleague.shelf.shop.fetch("SELECT * FROM shop.products WHERE id = $1", product_id))[0]


async def variant_of(colleague: Colleague, product_id: str) -> dict[str, Any]:
    rows = await colleague.shelf.shop.fetch(
        "SELECT * FROM shop.variants WHERE product_id = $1 ORDER BY position", product_id
    )
    return rows[-1]


async def test_a_product_is_found_by_title_brand_and_sku(owner: Colleague) -> None:
    for query in ("q=ridge", "q=Corvado", "q=rj-m-blu", "category=clothing", "status=published&q=Ridge+Jacket"):
        assert "Ridge Jacket" in (await owner.get(f"{PRODUCTS}?{query}")).text_of("main"), query
    assert "Nothing fits" in (await owner.get(f"{PRODUCTS}?q=100%25")).text


async def test_texts_are_changed_and_only_what_differs(owner: Colleague, product_id: str) -> None:
    page = await owner.get(f"{PRODUCTS}/{product_id}")
    assert_whole(page)
    changed = await owner.submit(page, "#texts", title="Better stove", tags="hot, small", attributes="fuel: gas\nkw: 3")
    assert "The product is changed." in changed.flashes
    row = await row_of(owner, product_id)
    assert (row["title"], row["tags"], row["attributes"]) == (
        "Better stove",
        ["hot", "small"],
        {"fuel": "gas", "kw": 3},
    )
    assert (row["brand"], row["version"]) == ("Glow", 2)
    same = await owner.submit(await owner.get(f"{PRODUCTS}/{product_id}"), "#texts")
    assert "Nothing is different" in same.flashes
    assert (await row_of(owner, product_id))["version"] == 2


async def test_what_is_wrong_stands_at_its_field(owner: Colleague, product_id: str) -> None:
    page = await owner.get(f"{PRODUCTS}/{product_id}")
    wrong = await owner.submit(page, "#texts", title="", attributes="no colon", brand="Kept")
    assert wrong.status == 422
    assert "name: value" in wrong.text_of("#attributes-note")
    assert attribute(wrong, "#brand", "value") == "Kept"
    assert (await row_of(owner, product_id))["brand"] == "Glow"


async def test_publication_comes_and_goes(owner: Colleague, product_id: str) -> None:
    for deed, status in (("publication", "published"), ("unpublication", "draft"), ("archival", "archived")):
        await send(owner, f"{PRODUCTS}/{product_id}/{deed}", f"{PRODUCTS}/{product_id}")
        assert (await row_of(owner, product_id))["status"] == status


async def test_of_many_the_refused_are_named(owner: Colleague, product_id: str) -> None:
    title = (await row_of(owner, product_id))["title"]
    await send(owner, f"{PRODUCTS}/{product_id}/archival")
    other = (await owner.shelf.shop.done(CreateProduct(title=f"{title} two")))["product_id"]
    page = await submit_chosen(owner, PRODUCTS, f"{PRODUCTS}/publication", [product_id, other])
    assert "Published. (1 of 2)" in page.flashes
    assert f"1 row not changed: {title}:" in page.flashes
    assert [(await row_of(owner, one))["status"] for one in (product_id, other)] == ["archived", "published"]


async def test_prices_of_the_table_are_one_action(owner: Colleague, product_id: str) -> None:
    variant = (await variant_of(owner, product_id))["id"]
    page = await owner.get(f"{PRODUCTS}/{product_id}")
    names = {f"price.{variant}.EUR": "24,90", f"cost.{variant}.EUR": "11.00"}
    assert "1 changed" in (await owner.submit(page, "#prices", **names)).flashes
    shop = owner.shelf.shop
    price = await shop.fetch("SELECT amount_minor, cost_minor FROM shop.prices WHERE variant_id = $1", variant)
    assert price == [{"amount_minor": 2_490, "cost_minor": 1_100}]
    again = await owner.submit(await owner.get(f"{PRODUCTS}/{product_id}"), "#prices")
    assert "No price is different" in again.flashes


async def test_a_deep_cut_of_a_manager_waits(colleagues: dict[str, Colleague], product_id: str) -> None:
    manager = colleagues["manager"]
    variant = (await variant_of(manager, product_id))["id"]
    field = f"price.{variant}.EUR"
    await manager.submit(await manager.get(f"{PRODUCTS}/{product_id}"), "#prices", **{field: "100"})
    held = await manager.submit(await manager.get(f"{PRODUCTS}/{product_id}"), "#prices", **{field: "20"})
    assert "waits for approval" in held.flashes
    assert held.count("#flashes a[href^='/console/approvals/apr_']") == 1
    standing = "SELECT amount_minor FROM shop.prices WHERE variant_id = $1"
    assert await manager.shelf.shop.fetchval(standing, variant) == 10_000


async def test_variants_are_added_and_changed(owner: Colleague, product_id: str) -> None:
    variant = await variant_of(owner, product_id)
    page = await owner.get(f"{PRODUCTS}/{product_id}")
    sku = f"NEW-{product_id[-8:]}"
    await owner.submit(page, "#variant-1 form", sku=sku, barcode="4006381333931", weight_grams="350")
    changed = await variant_of(owner, product_id)
    assert (changed["sku"], changed["barcode"], changed["weight_grams"], changed["active"]) == (
        sku,
        "4006381333931",
        350,
        True,
    )
    fields = {"sku": sku, "barcode": "", "weight_grams": "350"}
    await send(owner, f"{PRODUCTS}/{product_id}/variants/{variant['id']}", **fields)
    assert (await variant_of(owner, product_id))["active"] is False


async def test_pictures_are_added_put_first_and_taken_away(owner: Colleague, product_id: str) -> None:
    for number in (1, 2):
        page = await owner.get(f"{PRODUCTS}/{product_id}")
        url = f"https://pictures.example/{number}.jpg"
        await owner.submit(page, "#add-picture form", url=url, alt=HOSTILE[:60])
    shop = owner.shelf.shop
    order = "SELECT array_agg(url ORDER BY position) FROM shop.media WHERE product_id = $1"
    page = await owner.get(f"{PRODUCTS}/{product_id}")
    assert_whole(page)
    assert page.count("main img[onerror], main script") == 0
    await owner.submit(page, "form[action$='/first']")
    assert [url[-5] for url in await shop.fetchval(order, product_id)] == ["2", "1"]
    await owner.submit(await owner.get(f"{PRODUCTS}/{product_id}"), "#picture-1 form")
    assert [url[-5] for url in await shop.fetchval(order, product_id)] == ["1"]
    refused = await send(owner, f"{PRODUCTS}/{product_id}/pictures", url="javascript:alert(1)", alt="")
    assert refused.count("#flashes .flash-error") == 1


async def test_a_new_product_is_a_draft_with_a_price(owner: Colleague) -> None:
    title = f"Lantern {new_id('prd')[-8:]}"
    page = await owner.submit(await owner.get(f"{PRODUCTS}/new"), "#texts", title=title, price="19.50", tags="light")
    found = await owner.shelf.shop.fetch(
        "SELECT p.id, p.status, r.amount_minor FROM shop.products p JOIN shop.variants v ON v.product_id = p.id "
        "JOIN shop.prices r ON r.variant_id = v.id WHERE p.title = $1",
        title,
    )
    assert [(row["status"], row["amount_minor"]) for row in found] == [("draft", 1_950)]
    assert page.path == f"{PRODUCTS}/{found[0]['id']}"
    wrong = await owner.submit(await owner.get(f"{PRODUCTS}/new"), "#texts", title="", price="1,000")
    assert (wrong.status, "not clear" in wrong.text_of("#price-note")) == (422, True)


def record(handle: str) -> dict[str, Any]:
    return {"handle": handle, "title": handle, "variants": [{"sku": handle.upper(), "prices": {"EUR": 500}}]}


async def test_a_file_is_looked_through_and_then_brought_in(owner: Colleague) -> None:
    handle = f"file-{new_id('prd')[-8:]}"
    text = orjson.dumps(record(handle)).decode() + '\n{"handle": "Bad Handle"}\nno json'
    page = await owner.submit(
        await owner.get(f"{PRODUCTS}/import"), "#import", button="step=check", format="jsonl", file_text=text
    )
    assert "3 read 1 can go in 2 cannot" in page.text_of("#found")
    count = "SELECT count(*) FROM shop.products WHERE handle = $1"
    assert await owner.shelf.shop.fetchval(count, handle) == 0
    done = await owner.submit(page, "#import", button="step=import")
    assert "1 new" in done.text_of("#found")
    assert await owner.shelf.shop.fetchval(count, handle) == 1
    # Other tests count what the shop sells.
    made = await owner.shelf.shop.fetchval("SELECT id FROM shop.products WHERE handle = $1", handle)
    await owner.shelf.shop.done(ArchiveProduct(product_id=made))


async def test_a_file_is_larger_than_other_forms_and_has_a_limit(owner: Colleague) -> None:
    padding = "\n" * (2 * LARGEST_FORM_BYTES)
    fields = {"format": "jsonl", "step": "check"}
    text = padding + orjson.dumps(record("padded-one")).decode()
    assert "1 can go in" in (await send(owner, f"{PRODUCTS}/import", file_text=text, **fields)).text
    refused = await send(owner, f"{PRODUCTS}/import", file_text="x" * (3 * LARGEST_FILE_BYTES), **fields)
    assert "This form has at most" in refused.flashes


async def test_hostile_texts_stay_words(owner: Colleague) -> None:
    product = await owner.shelf.shop.fetchval("SELECT id FROM shop.products WHERE handle = 'hostile'")
    for address in (f"{PRODUCTS}/{product}", f"{PRODUCTS}?q=Tent"):
        page = await owner.get(address)
        assert_whole(page)
        assert page.count("main script, main [onerror]") == 0
        assert "{{7*7}}" in page.text
        assert "49" not in page.text_of("h1")
