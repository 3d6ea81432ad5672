"""Single products: created, changed, published, archived, and all of it put back by undo."""

from typing import Any

import pytest

from bottega.actions.actor import Actor
from bottega.actions.outcome import Denied, Failed, Held
from bottega.actions.undo import UndoEntry
from bottega.kernel.errors import Conflict, Invalid, NotFound
from bottega.kernel.identifiers import new_id
from bottega.shop.catalogue.actions import (
    AddMedia,
    AddVariants,
    ArchiveProduct,
    ChangeOptions,
    ChangeProduct,
    ChangeVariant,
    CreateCategory,
    CreateProduct,
    OrderMedia,
    PublishProduct,
    RemoveMedia,
    UnpublishProduct,
)
from bottega.shop.catalogue.model import NewMedia, NewVariant, handle_of
from tests.shop.catalogue.products_fixture import last_change
from tests.shop_fixtures import SUPPORT, Shop

SIZES = (
    NewVariant(sku="B-38", option_values={"size": "38"}),
    NewVariant(sku="B-39", option_values={"size": "39"}),
)


async def boot(shop: Shop, **changes: Any) -> dict[str, Any]:
    """A draft with two sizes and two pictures."""
    media = (NewMedia(url="https://example.com/1.jpg"), NewMedia(url="https://example.com/2.jpg"))
    values = {"title": "Winter boot", "option_names": ("size",), "variants": SIZES, "media": media, **changes}
    return await shop.done(CreateProduct.model_validate(values))


async def refused(shop: Shop, action: Any) -> Any:
    """The refusal of an action that must fail and change nothing."""
    before = await last_change(shop)
    outcome = await shop.perform(action)
    assert isinstance(outcome, Failed), outcome
    assert await last_change(shop) == before
    return outcome.refusal


async def test_a_product_begins_as_a_draft_with_a_handle_of_its_title(shop: Shop) -> None:
    made = await boot(shop, title="Über-Stiefel N° 5")
    assert made["handle"] == "uber-stiefel-n-5"
    (row,) = await shop.fetch("SELECT status, handle, version FROM shop.products")
    assert row == {"status": "draft", "handle": "uber-stiefel-n-5", "version": 1}
    skus = await shop.fetch("SELECT sku, position FROM shop.variants ORDER BY position")
    assert skus == [{"sku": "B-38", "position": 0}, {"sku": "B-39", "position": 1}]


async def test_a_product_without_variants_gets_one(shop: Shop) -> None:
    made = await shop.done(CreateProduct(title="Wool hat", published=True))
    assert len(made["variant_ids"]) == 1
    assert await shop.fetch("SELECT sku, option_values FROM shop.variants") == [
        {"sku": "WOOL-HAT", "option_values": {}}
    ]


async def test_handles_skus_and_categories_are_looked_after(shop: Shop) -> None:
    await boot(shop)
    taken = await refused(shop, CreateProduct(title="Winter boot"))
    assert (taken.category, taken.code) == (Conflict.category, "handle_taken")
    taken = await refused(shop, CreateProduct(title="Other", variants=(NewVariant(sku="B-38"),)))
    assert (taken.code, taken.details["sku"]) == ("sku_taken", "B-38")
    missing = await refused(shop, CreateProduct(title="Third", category="no/such"))
    assert (missing.category, missing.code) == (NotFound.category, "no_such_category")
    missing = await refused(shop, CreateProduct(title="Third", category_id=new_id("cat")))
    assert missing.code == "no_such_category"
    twice = await refused(shop, CreateProduct(title="T", category="a", category_id=new_id("cat")))
    assert (twice.category, twice.code) == (Invalid.category, "category_named_twice")


@pytest.mark.parametrize(
    ("variants", "problem"),
    [
        ((NewVariant(sku="A"),), "it has values for none; the options are size"),
        ((NewVariant(sku="A", option_values={"colour": "red"}),), "it has values for colour"),
        (
            (
                NewVariant(sku="A", option_values={"size": "1"}),
                NewVariant(sku="B", option_values={"size": "1"}),
            ),
            "it is the same as variant 'A' (1)",
        ),
    ],
)
async def test_variants_must_fit_the_options(shop: Shop, variants: tuple[NewVariant, ...], problem: str) -> None:
    refusal = await refused(shop, CreateProduct(title="X", option_names=("size",), variants=variants))
    assert refusal.code == "options_mismatch"
    assert problem in refusal.message


async def test_named_fields_change_and_the_others_stay(shop: Shop) -> None:
    made = await boot(shop, tags=("boots",), brand="Corvado")
    category = await shop.done(CreateCategory(path="footwear", title="Footwear"))
    await shop.done(
        ChangeProduct(
            product_id=made["product_id"],
            title="Snow boot",
            tags=("snow", "boots"),
            category_id=category["category_id"],
            attributes={"waterproof": True},
        )
    )
    (row,) = await shop.fetch("SELECT title, brand, tags, attributes, category_id, version FROM shop.products")
    assert row == {
        "title": "Snow boot",
        "brand": "Corvado",
        "tags": ["snow", "boots"],
        "attributes": {"waterproof": True},
        "category_id": category["category_id"],
        "version": 2,
    }
    await shop.done(ChangeProduct(product_id=made["product_id"], category_id=None))
    assert await shop.fetchval("SELECT category_id FROM shop.products") is None
    assert (await refused(shop, ChangeProduct(product_id=made["product_id"]))).code == "nothing_changes"
    assert (await refused(shop, ChangeProduct(product_id=made["product_id"], title=None))).code == "nothing_changes"
    assert (await refused(shop, ChangeProduct(product_id=new_id("prd"), title="X"))).code == "no_such_product"


async def test_a_change_is_undone_and_not_after_a_later_one(shop: Shop) -> None:
    made = await boot(shop)
    first = await shop.perform(ChangeProduct(product_id=made["product_id"], title="One"))
    await shop.done(ChangeProduct(product_id=made["product_id"], title="Two"))
    assert (await refused(shop, UndoEntry(entry_id=first.entry_id))).code == "changed_since"  # pyright: ignore[reportAttributeAccessIssue] - done above
    last = await shop.fetchval(
        "SELECT id FROM log.entries WHERE action = 'ChangeProduct' ORDER BY sequence DESC LIMIT 1"
    )
    await shop.done(UndoEntry(entry_id=last))
    assert await shop.fetchval("SELECT title FROM shop.products") == "One"


async def test_publishing_needs_something_to_buy_and_archiving_is_taken_back_as_a_draft(shop: Shop) -> None:
    made = await boot(shop)
    product_id = made["product_id"]
    assert (await shop.done(PublishProduct(product_id=product_id)))["status"] == "published"
    await shop.done(ArchiveProduct(product_id=product_id))
    assert (await refused(shop, PublishProduct(product_id=product_id))).code == "product_status"
    assert (await shop.done(UnpublishProduct(product_id=product_id)))["status"] == "draft"
    for variant_id in made["variant_ids"]:
        await shop.done(ChangeVariant(variant_id=variant_id, active=False))
    refusal = await refused(shop, PublishProduct(product_id=product_id))
    assert refusal.message == "The product has no variant that can be bought."


async def test_variants_are_added_changed_and_given_other_options(shop: Shop) -> None:
    made = await boot(shop)
    product_id = made["product_id"]
    more = tuple(NewVariant(sku=f"B-{size}", option_values={"size": str(size)}) for size in (40, 41))
    added = await shop.done(AddVariants(product_id=product_id, variants=more))
    positions = await shop.fetch("SELECT sku, position FROM shop.variants ORDER BY position")
    assert [tuple(row.values()) for row in positions] == [("B-38", 0), ("B-39", 1), ("B-40", 2), ("B-41", 3)]
    again = await refused(shop, AddVariants(product_id=product_id, variants=more[:1]))
    assert again.code == "sku_taken"
    same = (NewVariant(sku="NEW", option_values={"size": "41"}),)
    assert (await refused(shop, AddVariants(product_id=product_id, variants=same))).code == "options_mismatch"
    variant_id = added["variant_ids"][0]
    await shop.done(ChangeVariant(variant_id=variant_id, barcode="4006381333931", weight_grams=900))
    (row,) = await shop.fetch("SELECT barcode, weight_grams, sku FROM shop.variants WHERE id = $1", variant_id)
    assert row == {"barcode": "4006381333931", "weight_grams": 900, "sku": "B-40"}
    clash = ChangeVariant(variant_id=variant_id, option_values={"size": "41"})
    assert (await refused(shop, clash)).code == "options_mismatch"
    assert (await refused(shop, ChangeVariant(variant_id=variant_id, sku="B-41"))).code == "sku_taken"
    assert (await refused(shop, ChangeVariant(variant_id=new_id("var"), sku="Z"))).code == "no_such_variant"
    ids = [*made["variant_ids"], *added["variant_ids"]]
    values = {key: {"eu": str(38 + number), "width": "wide"} for number, key in enumerate(ids)}
    await shop.done(ChangeOptions(product_id=product_id, option_names=("eu", "width"), values=values))
    assert await shop.fetchval("SELECT option_values FROM shop.variants WHERE sku = 'B-41'") == {
        "eu": "41",
        "width": "wide",
    }
    partial = ChangeOptions(product_id=product_id, option_names=("eu",), values={ids[0]: {"eu": "1"}})
    assert (await refused(shop, partial)).code == "variants_incomplete"


async def test_pictures_are_added_ordered_and_removed(shop: Shop) -> None:
    made = await boot(shop)
    product_id = made["product_id"]
    added = await shop.done(AddMedia(product_id=product_id, media=(NewMedia(url="https://example.com/3.jpg"),)))
    ids = [row["id"] for row in await shop.fetch("SELECT id FROM shop.media ORDER BY position")]
    assert ids[-1] == added["media_ids"][0]
    await shop.done(OrderMedia(product_id=product_id, media_ids=(ids[2], ids[0], ids[1])))
    urls = [row["url"] for row in await shop.fetch("SELECT url FROM shop.media ORDER BY position")]
    assert urls == [f"https://example.com/{number}.jpg" for number in (3, 1, 2)]
    assert (await refused(shop, OrderMedia(product_id=product_id, media_ids=(ids[0],)))).code == "media_incomplete"
    removed = await shop.perform(RemoveMedia(media_id=ids[0]))
    assert await shop.fetchval("SELECT count(*) FROM shop.media") == 2
    await shop.done(UndoEntry(entry_id=removed.entry_id))  # pyright: ignore[reportAttributeAccessIssue] - done above
    assert await shop.fetchval("SELECT count(*) FROM shop.media") == 3
    assert (await refused(shop, RemoveMedia(media_id=new_id("med")))).code == "no_such_media"
    crowd = tuple(NewMedia(url=f"https://example.com/{number}.jpg") for number in range(48))
    assert (await refused(shop, AddMedia(product_id=product_id, media=crowd))).code == "too_many_media"


async def test_support_keeps_no_catalogue_and_an_agent_waits(shop: Shop) -> None:
    assert isinstance(await shop.perform(CreateProduct(title="X"), by=SUPPORT), Denied)
    agent = Actor("agent", "agt_1", "catalogue")
    assert isinstance(await shop.perform(CreateProduct(title="X"), by=agent), Held)
    assert await shop.fetchval("SELECT count(*) FROM shop.products") == 0


@pytest.mark.parametrize(
    ("title", "handle"),
    [
        ("Crème Brûlée", "creme-brulee"),
        ("  --  ", "item"),
        ("Straße 5/6", "strasse-5-6"),
        ("日本", "item"),
        ("x" * 200, "x" * 120),
    ],
)
def test_handles_are_made_of_titles(title: str, handle: str) -> None:
    assert handle_of(title) == handle
