"""The formats, both ways: what is written and read again is the same catalogue."""

import asyncio
import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from bottega.demo_shop import content
from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.flows.product_files import icecat, shopify
from bottega.shop.flows.product_files.exporting import export_file
from bottega.shop.flows.product_files.html_text import text_of_html
from bottega.shop.flows.product_files.importing import FormatName
from bottega.shop.flows.product_files.product_lines import line_of, record_of_line
from bottega.shop.flows.product_files.rows import RowRefused
from bottega.shop.prices.actions import SetPrice
from tests.shop.catalogue.products_fixture import jacket, last_change, simple, upsert
from tests.shop.flows.product_files.files_fixture import exported, figures, icecat_row, imported, written
from tests.shop_fixtures import Shop

SHOPIFY_HEADER = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,"
    "Variant Grams,Variant Inventory Qty,Variant Price,Variant Compare At Price,Image Src,Image Position,Status"
)
SHOPIFY = (
    f"{SHOPIFY_HEADER}\n"
    'down-jacket,Down Jacket,"<p>Warm &amp; light.</p><script>x()</script><ul><li>Hood</li></ul>",Corvado,'
    'Apparel & Accessories > Jackets,,"winter, warm",true,Size,S,DJ-S,400,5,149.00,189.00,'
    "https://example.com/2.jpg,2,active\n"
    "down-jacket,,,,,,,,,M,DJ-M,410,0,189.00,,https://example.com/1.jpg,1,\n"
    "down-jacket,,,,,,,,,,,,,,,https://example.com/3.jpg,3,\n"
    'wool-hat,"Wool, hat",,,,Hats,,false,Title,Default Title,,0,3,20,,,,\n'
)


def catalogue() -> list[dict[str, Any]]:
    """Products that use every field."""
    first = jacket(
        description='Warm & light.\nWith a <hood> and "pockets".',
        related=["wool-hat"],
        tags=["winter", "warm"],
        collections=["gifts", "winter-essentials"],
        tax_class="reduced",
    )
    first["variants"][0] |= {"costs": {"EUR": 9000}, "barcode": "4006381333931"}
    first["variants"][1]["sales"] = {"EUR": {"amount_minor": 14900}}
    return [first, simple("wool-hat", 2000, status="draft"), simple("tent", 50_000, source="erp", source_id="9")]


async def snapshot(shop: Shop) -> list[dict[str, Any]]:
    """The whole catalogue without its ids and times."""
    return await shop.fetch(
        "SELECT p.handle, p.title, p.description, p.brand, p.status, p.tax_class, p.attributes, p.option_names, "
        "p.tags, p.related, p.source, p.source_id, c.path, v.sku, v.option_values, v.barcode, v.weight_grams, "
        "r.currency, r.amount_minor, r.sale_amount_minor, r.cost_minor, s.on_hand, "
        "ARRAY(SELECT m.url || m.alt FROM shop.media m WHERE m.product_id = p.id ORDER BY m.position) AS media, "
        "ARRAY(SELECT k.handle FROM shop.collection_products x JOIN shop.collections k ON k.id = x.collection_id "
        "      WHERE x.product_id = p.id ORDER BY 1) AS collections "
        "FROM shop.products p LEFT JOIN shop.categories c ON c.id = p.category_id "
        "JOIN shop.variants v ON v.product_id = p.id "
        "LEFT JOIN shop.prices r ON r.variant_id = v.id LEFT JOIN shop.stock_levels s ON s.variant_id = v.id "
        "ORDER BY p.handle, v.position, r.currency"
    )


@pytest.mark.parametrize("format_name", ["jsonl", "shopify-csv"])
async def test_what_is_exported_and_imported_elsewhere_is_the_same_catalogue(
    shop: Shop, other_shop: Shop, tmp_path: Path, format_name: FormatName
) -> None:
    await upsert(shop, *catalogue())
    path = tmp_path / "products.gz"
    assert await exported(shop, path, format_name) == 3
    before = await last_change(shop)
    assert figures(await imported(shop, path, format_name)) == (3, 0, 0, 3, 0)
    assert await last_change(shop) == before
    assert figures(await imported(other_shop, path, format_name)) == (3, 3, 0, 0, 0)
    assert await snapshot(other_shop) == await snapshot(shop)


async def test_an_export_holds_every_currency_and_no_archived_product(shop: Shop, tmp_path: Path) -> None:
    await upsert(shop, simple("hat"), simple("gone", status="archived"))
    variant_id = await shop.fetchval("SELECT id FROM shop.variants WHERE sku = 'HAT'")
    await shop.done(SetPrice(variant_id=variant_id, currency="CHF", amount_minor=1100))
    assert await exported(shop, tmp_path / "out.jsonl", "jsonl") == 1
    (line,) = (tmp_path / "out.jsonl").read_text().splitlines()
    assert json.loads(line)["variants"][0]["prices"] == {"CHF": 1100, "EUR": 1000}


async def test_icecat_rows_survive_the_way_out_and_in(shop: Shop, tmp_path: Path) -> None:
    rows = [
        icecat_row(1, ean=["4000000000001", "4000000000002"], attr_t_size="A", attr_n_size=4.5, attr_b_new=True),
        icecat_row(2, attr_n_weight=300.0),
    ]
    await imported(shop, written(tmp_path / "in.jsonl", rows))
    assert await exported(shop, tmp_path / "out.jsonl.gz", "icecat") == 2
    lines = gzip.decompress((tmp_path / "out.jsonl.gz").read_bytes()).splitlines()
    assert sorted((json.loads(line) for line in lines), key=lambda row: row["id"]) == rows
    before = await last_change(shop)
    assert figures(await imported(shop, tmp_path / "out.jsonl.gz")) == (2, 0, 0, 2, 0)
    assert await last_change(shop) == before


async def test_a_shopify_file_becomes_products(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "shopify.csv"
    path.write_text(SHOPIFY, encoding="utf-8-sig")
    assert figures(await imported(shop, path, "shopify-csv")) == (2, 2, 0, 0, 0)
    rows = await snapshot(shop)
    shown = [
        (row["sku"], row["option_values"], row["amount_minor"], row["sale_amount_minor"], row["on_hand"])
        for row in rows
    ]
    assert shown == [
        ("DJ-S", {"Size": "S"}, 18900, 14900, 5),
        ("DJ-M", {"Size": "M"}, 18900, None, None),
        ("WOOL-HAT", {}, 2000, None, 3),
    ]
    first, hat = rows[0], rows[2]
    assert first["description"] == "Warm & light.\n\nHood"
    assert (first["path"], first["tags"], first["status"]) == (
        "apparel-accessories/jackets",
        ["winter", "warm"],
        "published",
    )
    assert first["media"] == [f"https://example.com/{number}.jpg" for number in (1, 2, 3)]
    assert (hat["title"], hat["path"], hat["status"]) == ("Wool, hat", "hats", "draft")
    assert figures(await imported(shop, path, "shopify-csv")) == (2, 0, 0, 2, 0)


@pytest.mark.parametrize(
    ("line", "row", "field", "reason"),
    [
        ("a,A,,,,,,true,,,A-1,1,1,,,,,active", 2, "Variant Price", "a price is needed"),
        ("a,A,,,,,,true,,,A-1,1,1,12.345,,,,active", 2, "Variant Price", "more digits"),
        ("a,A,,,,,,true,,,A-1,1,1,-5,,,,active", 2, "Variant Price", "cannot be negative"),
        ("a,A,,,,,,true,,,A-1,heavy,1,5,,,,active", 2, "Variant Grams", "a number is needed"),
        ("a,A,,,,,,true,,,A-1,1,1,5,,,,sold", 2, "Status", "one of active, draft, archived"),
        (",A,,,,,,true,,,A-1,1,1,5,,,,active", 2, "Handle", "a handle is needed"),
        ("a,,,,,,,true,,,A-1,1,1,5,,,,active", 2, "title", "at least 1 character"),
        ("a,A,,,,,,true,Size,S,A-1,1,1,5,,,,active\na,,,,,,,,,S,A-2,1,1,5,,,,", 2, "", "it is the same as variant"),
        ("a,A,,,,,,true,Size,S,A-1,1,1,5,,,,active\na,,,,,,,,,M,A-2,1,1,x,,,,", 3, "Variant Price", "not an amount"),
    ],
)
async def test_bad_shopify_rows_are_named_and_the_others_go_in(
    shop: Shop, tmp_path: Path, line: str, row: int, field: str, reason: str
) -> None:
    path = tmp_path / "shopify.csv"
    path.write_text(f"{SHOPIFY_HEADER}\n{line}\ngood,Good,,,,,,true,,,G-1,1,1,5,,,,active\n")
    summary = await imported(shop, path, "shopify-csv")
    assert figures(summary) == (2, 1, 0, 0, 1)
    (rejection,) = summary.rejections
    assert (rejection["row"], rejection["field"]) == (row, field)
    assert reason in rejection["reason"]


async def test_bytes_that_are_not_utf8_are_named(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "shopify.csv"
    path.write_bytes(f"{SHOPIFY_HEADER}\n".encode() + b"a,Caf\xe9,,,,,,true,,,A-1,1,1,5,,,,active\n")
    summary = await imported(shop, path, "shopify-csv")
    assert summary.rejections == [{"row": 2, "field": "Title", "reason": "not UTF-8"}]


def test_the_demo_shops_files_are_this_form() -> None:
    lines = [line for file in content.product_files() for line in content.read_lines(f"products/{file.name}")]
    records = [record_of_line(line) for line in lines]
    assert len(records) >= 300
    for record in records:
        assert record_of_line(json.loads(line_of(record))) == record.model_copy(
            update={
                "variants": tuple(
                    variant.model_copy(update={"sales": _with_ends(variant)}) for variant in record.variants
                )
            }
        )


def _with_ends(variant: Any) -> dict[str, Any]:
    """A currency without a sale is written as having none."""
    return {currency: variant.sales.get(currency) for currency in variant.prices}


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"handle": "a", "title": "A"}, "variants"),
        ({"handle": "a", "title": "A", "variants": "x"}, "variants"),
        ({"handle": "a", "title": "A", "variants": [1]}, "variants"),
        ({"handle": "a", "title": "A", "variants": [{"sku": "A", "colour": "red"}]}, "variants.colour"),
        ({"handle": "a", "title": "A", "variants": [{"sku": "A", "sale": [1]}]}, "variants.sale"),
        ({"handle": "a", "title": "A", "variants": [{"sku": "A", "prices": [1]}]}, "variants.prices"),
        ({"handle": "a", "title": "A", "variants": [{"sku": "A"}], "extra": 1}, "extra"),
    ],
)
def test_lines_with_unknown_or_missing_fields_are_refused_by_name(line: dict[str, Any], field: str) -> None:
    with pytest.raises((RowRefused, ValueError)) as refusal:
        record_of_line(line)
    assert getattr(refusal.value, "field", "variants") == field


@pytest.mark.parametrize(
    ("attributes", "category"),
    [
        ({"product_type": "Notebook", "display_diagonal": 17}, "electronics/notebook"),
        ({"product_type": "1", "cable_length": 2}, "cables-and-adapters"),
        ({"display_diagonal": 24}, "displays"),
        ({"colour": "red"}, None),
    ],
)
def test_icecat_categories_come_from_the_type_or_telling_attributes(
    attributes: dict[str, Any], category: str | None
) -> None:
    assert icecat.category_of(attributes) == category


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("<p>One</p><p>Two<br>Three</p>", "One\n\nTwo\nThree"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("<style>p{}</style>x<script>alert(1)</script>", "x"),
        ("<b>bold", "bold"),
    ],
)
def test_text_of_html(source: str, text: str) -> None:
    assert text_of_html(source) == text


def test_a_shopify_row_that_is_written_reads_as_csv() -> None:
    record = ProductRecord.model_validate(catalogue()[0])
    rows = list(
        csv.DictReader(io.StringIO((shopify.header() + shopify.rows_of_record(record, "EUR", "main")).decode()))
    )
    assert [(row["Variant SKU"], row["Variant Price"], row["Variant Compare At Price"]) for row in rows] == [
        ("DJT-S", "189.00", ""),
        ("DJT-M", "149.00", "189.00"),
    ]


async def test_an_export_that_fails_leaves_no_file(shop: Shop, tmp_path: Path) -> None:
    await upsert(shop, simple("hat"))

    def die(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await export_file(shop.application.database, tmp_path / "out.jsonl", "jsonl", progress=die)
    assert await asyncio.to_thread(lambda: list(tmp_path.glob("out*"))) == []
