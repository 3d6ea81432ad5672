"""Importing files: once, again, after a break, with bad rows, strictly, and as large as the real one."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bottega.actions.outcome import Done
from bottega.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from bottega.shop.catalogue.index_upkeep import rebuild
from bottega.shop.flows.product_files import batches as gathering
from bottega.shop.flows.product_files.importing import ImportChoices, import_file, unseen
from bottega.shop.prices.actions import ChangePrice
from tests.shared_data import icecat_catalogue
from tests.shop.catalogue.products_fixture import last_change, simple, upsert
from tests.shop.flows.product_files.files_fixture import (
    figures,
    icecat_row,
    imported,
    written,
)
from tests.shop.stock.levels_fixture import assert_stock_invariants
from tests.shop_fixtures import ANALYST, Shop


async def test_a_file_goes_in_once_and_changes_nothing_again(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path / "products.jsonl.gz", [icecat_row(number) for number in range(1, 8)])
    assert figures(await imported(shop, path)) == (7, 7, 0, 0, 0)
    before = await last_change(shop)
    assert figures(await imported(shop, path)) == (7, 0, 0, 7, 0)
    assert await last_change(shop) == before
    await assert_stock_invariants(shop)


async def test_an_icecat_row_becomes_a_product(shop: Shop, tmp_path: Path) -> None:
    row = icecat_row(2110, ean=["4977766654357", "5"], attr_n_weight=850.4, attr_t_width="1", attr_n_width=20.5)
    await imported(shop, written(tmp_path / "one.jsonl", [row]), currency="CHF", stock_units=7, location="store")
    (product,) = await shop.fetch(
        "SELECT p.handle, p.title, p.brand, p.description, p.status, p.source, p.source_id, p.attributes, c.path, "
        "v.sku, v.barcode, v.weight_grams, r.currency, r.amount_minor, s.on_hand, l.handle AS location, m.url "
        "FROM shop.products p JOIN shop.categories c ON c.id = p.category_id "
        "JOIN shop.variants v ON v.product_id = p.id "
        "JOIN shop.prices r ON r.variant_id = v.id JOIN shop.stock_levels s ON s.variant_id = v.id "
        "JOIN shop.locations l ON l.id = s.location_id JOIN shop.media m ON m.product_id = p.id"
    )
    assert product == {
        "handle": "brother-tn-2110-toner-cartridge-2110",
        "title": "Brother TN-2110 toner cartridge",
        "brand": "Brother",
        "description": "Toner",
        "status": "published",
        "source": "icecat",
        "source_id": "2110",
        "attributes": {
            "printing_colours": "Black",
            "quantity_per_pack": 1,
            "recycled": False,
            "weight": 850.4,
            "width": "1",
            "width_n": 20.5,
            "model": "TN-2110",
            "eans": ["5"],
            "released": "2009-12-10T00:00:00Z",
        },
        "path": "printing/toner-and-ink",
        "sku": "ICE-2110",
        "barcode": "4977766654357",
        "weight_grams": 850,
        "currency": "CHF",
        "amount_minor": 4995,
        "on_hand": 7,
        "location": "store",
        "url": "http://images.example/2110.jpg",
    }


async def test_a_changed_row_updates_its_product_alone(shop: Shop, tmp_path: Path) -> None:
    rows = [icecat_row(number) for number in range(1, 5)]
    await imported(shop, written(tmp_path / "one.jsonl", rows))
    rows[2]["price"] = 5995
    assert figures(await imported(shop, written(tmp_path / "two.jsonl", rows))) == (4, 0, 1, 3, 0)
    assert await shop.fetchval("SELECT amount_minor FROM shop.prices ORDER BY amount_minor DESC LIMIT 1") == 5995


BAD_ROWS: list[tuple[Any, str, str]] = [
    ("{not json", "", "not JSON"),
    ("[1, 2]", "", "not a JSON object"),
    (icecat_row(11, price="12.50"), "price", "a whole number of minor units is needed"),
    (icecat_row(12, price=-1), "variants.0.prices.EUR", "greater than or equal to 0"),
    (icecat_row(13, title=""), "title", "a text is needed"),
    (icecat_row(14, title=None), "title", "a text is needed"),
    (icecat_row(15, attr_n_width="wide"), "attr_n_width", "not of the type that the name says"),
    (icecat_row(16, img_500x500="javascript:alert(1)"), "media.0.url", "should match pattern"),
    (icecat_row(17, title="x" * 501), "title", "at most 500 characters"),
    (icecat_row(1), "handle", "stands in row 1 already"),
]


async def test_bad_rows_are_named_and_the_good_ones_go_in(shop: Shop, tmp_path: Path) -> None:
    rows = [icecat_row(1), *(row for row, _, _ in BAD_ROWS), "", icecat_row(2)]
    summary = await imported(shop, written(tmp_path / "mixed.jsonl", rows))
    assert figures(summary) == (2 + len(BAD_ROWS), 2, 0, 0, len(BAD_ROWS))
    for number, (found, (_, field, reason)) in enumerate(zip(summary.rejections, BAD_ROWS, strict=True), start=2):
        assert (found["row"], found["field"]) == (number, field)
        assert reason in found["reason"]


async def test_rows_that_the_catalogue_contradicts_are_named_too(shop: Shop, tmp_path: Path) -> None:
    await upsert(shop, simple("other") | {"variants": [{"sku": "ICE-2"}]})
    summary = await imported(shop, written(tmp_path / "mixed.jsonl", [icecat_row(1), "", icecat_row(2)]))
    assert figures(summary) == (2, 1, 0, 0, 1)
    assert summary.rejections == [{"row": 3, "field": "sku", "reason": "'ICE-2' belongs to another product"}]


@pytest.mark.parametrize("bad", ["a row", "the catalogue"])
async def test_strictly_one_bad_row_refuses_all(shop: Shop, tmp_path: Path, bad: str) -> None:
    rows: list[Any] = [icecat_row(number) for number in range(1, 500)]
    if bad == "a row":
        rows.append(icecat_row(500, price=None))
    else:
        await upsert(shop, simple("other") | {"variants": [{"sku": "ICE-499"}]})
    before = await last_change(shop)
    path = written(tmp_path / "all.jsonl", rows)
    summary = await imported(shop, path, strict=True)
    assert (summary.created, summary.rejected, len(summary.rejections)) == (0, 1, 1)
    assert await last_change(shop) == before
    assert await shop.fetchval("SELECT state FROM platform.imports") == "refused"
    good = written(tmp_path / "good.jsonl", rows[:50])
    assert figures(await imported(shop, good, strict=True)) == (50, 50, 0, 0, 0)


class Broken(Exception):
    """The process that imports dies here."""


async def test_an_interrupted_import_goes_on_where_it_stopped(shop: Shop, tmp_path: Path) -> None:
    rows: list[Any] = [icecat_row(number) for number in range(1, 451)]
    rows[30] = "broken"
    rows[440] = icecat_row(5)
    path = written(tmp_path / "long.jsonl", rows)
    calls = 0

    def die(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Broken

    with pytest.raises(Broken):
        await imported(shop, path, progress=die)
    assert await shop.fetchval("SELECT count(*) FROM shop.products") == 400
    (run,) = await shop.fetch("SELECT rows_done, state FROM platform.imports")
    assert run == {"rows_done": 401, "state": "running"}
    entries = await shop.fetchval("SELECT count(*) FROM log.entries WHERE action = 'UpsertProducts'")
    summary = await imported(shop, path)
    assert figures(summary) == (450, 448, 0, 0, 2)
    assert [(found["row"], found["field"]) for found in summary.rejections] == [(31, ""), (441, "handle")]
    assert await shop.fetchval("SELECT count(*) FROM log.entries WHERE action = 'UpsertProducts'") == entries + 1
    assert await shop.fetchval("SELECT count(*) FROM platform.imports WHERE state = 'done'") == 1
    await assert_stock_invariants(shop)


async def test_a_file_is_imported_by_one_at_a_time(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path / "long.jsonl", [icecat_row(number) for number in range(1, 300)])
    results = await asyncio.gather(*(imported(shop, path) for _ in range(3)), return_exceptions=True)
    conflicts = [result for result in results if isinstance(result, Conflict)]
    assert {conflict.code for conflict in conflicts} <= {"import_running"}
    assert len(conflicts) >= 1
    assert await shop.fetchval("SELECT count(*) FROM shop.products") == 299


async def test_different_files_with_the_same_products_do_not_collide(shop: Shop, tmp_path: Path) -> None:
    rows = [icecat_row(number) for number in range(1, 120)]
    paths = [written(tmp_path / f"{name}.jsonl", [*rows, icecat_row(name)]) for name in (1001, 1002, 1003)]
    results = await asyncio.gather(*(imported(shop, path) for path in paths))
    assert sum(summary.created for summary in results) == 122
    assert sum(summary.rejected for summary in results) == 0


async def test_batches_stay_within_what_one_action_takes(shop: Shop, tmp_path: Path) -> None:
    long = {f"attr_t_field{number}": "y" * 9_000 for number in range(40)}
    path = written(tmp_path / "wide.jsonl", [icecat_row(number, **long) for number in range(1, 9)])
    assert figures(await imported(shop, path)) == (8, 8, 0, 0, 0)
    largest = await shop.fetchval("SELECT max(octet_length(arguments)) FROM log.entries")
    assert gathering.BATCH_BYTES < largest < 2 * gathering.BATCH_BYTES


async def test_who_may_not_import_is_refused(shop: Shop, tmp_path: Path) -> None:
    application = shop.application
    path = written(tmp_path / "one.jsonl", [icecat_row(1)])
    with pytest.raises(Forbidden):
        await import_file(application.database, application.performer, ANALYST, path, ImportChoices("icecat"))
    assert await shop.fetchval("SELECT count(*) FROM shop.products") == 0


async def test_files_that_cannot_be_read_are_refused(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await imported(shop, tmp_path / "missing.jsonl")
    cut = written(tmp_path / "cut.jsonl.gz", [icecat_row(number) for number in range(50)])
    cut.write_bytes(cut.read_bytes()[:-30])
    with pytest.raises(Invalid) as refusal:
        await imported(shop, cut)
    assert refusal.value.code == "file_damaged"
    endless = tmp_path / "endless.jsonl"
    endless.write_bytes(b"x" * 1_100_000)
    with pytest.raises(Invalid) as refusal:
        await imported(shop, endless)
    assert refusal.value.code == "row_too_long"
    one = written(tmp_path / "one.jsonl", [icecat_row(1)])
    bad: list[dict[str, Any]] = [{"currency": "XXX"}, {"location": "Main hall"}, {"stock_units": -1}]
    for choices in bad:
        with pytest.raises(Invalid):
            await imported(shop, one, **choices)
    empty = written(tmp_path / "empty.jsonl", [])
    assert figures(await imported(shop, empty)) == (0, 0, 0, 0, 0)


@pytest.mark.slow
async def test_a_real_catalogue_goes_in_and_is_found(shop: Shop, tmp_path: Path) -> None:
    file, products = icecat_catalogue(tmp_path)
    assert figures(await imported(shop, file)) == (products, products, 0, 0, 0)
    assert await shop.fetchval("SELECT sum(on_hand) FROM shop.stock_levels") == 100 * products
    application = shop.application
    await rebuild(application.database, application.clock.now(), unseen)
    found = (await shop.client.get("/api/search", params={"q": "brother tn2110"})).json()["items"]
    assert found[0]["title"].startswith("Brother TN-2110")
    detail = (await shop.client.get(f"/api/products/{found[0]['id']}")).json()
    assert (detail["variants"][0]["price_minor"], detail["variants"][0]["available"]) == (6195, 100)
    assert isinstance(await shop.perform(_price_change(detail["variants"][0]["id"])), Done)
    again = await imported(shop, file)
    assert (again.created, again.updated, again.unchanged) == (0, 1, products - 1)


def _price_change(variant_id: str) -> ChangePrice:
    return ChangePrice(variant_id=variant_id, currency="EUR", amount_minor=6500)
