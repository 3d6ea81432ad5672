"""The tree of categories, and collections: made, moved, emptied, removed."""

from typing import Any

from bottega.actions.outcome import Done, Failed
from bottega.actions.undo import UndoEntry
from bottega.kernel.identifiers import new_id
from bottega.shop.catalogue.actions import (
    AddToCollection,
    ChangeCategory,
    ChangeCollection,
    CreateCategory,
    CreateCollection,
    RemoveCategory,
    RemoveCollection,
    RemoveFromCollection,
)
from bottega.shop.catalogue.queries import list_categories, list_collections
from tests.shop.catalogue.products_fixture import last_change, simple, upsert
from tests.shop.entries import add_product
from tests.shop_fixtures import Shop


async def tree(shop: Shop) -> list[tuple[str, str, int]]:
    async with shop.application.database.read() as connection:
        return [(found.path, found.title, found.products) for found in await list_categories(connection)]


async def refused(shop: Shop, action: Any) -> str:
    """The code of the refusal of an action that must fail and change nothing."""
    before = await last_change(shop)
    outcome = await shop.perform(action)
    assert isinstance(outcome, Failed), outcome
    assert await last_change(shop) == before
    return outcome.refusal.code


async def test_categories_are_made_below_their_parents_and_counted_with_what_stands_below(shop: Shop) -> None:
    assert await refused(shop, CreateCategory(path="clothing/jackets", title="Jackets")) == "no_such_category"
    await shop.done(CreateCategory(path="clothing", title="Clothing"))
    await shop.done(CreateCategory(path="clothing/jackets", title="Jackets"))
    assert await refused(shop, CreateCategory(path="clothing", title="Again")) == "handle_taken"
    await upsert(shop, simple("a", category="clothing"), simple("b", category="clothing/jackets/down-filled"))
    assert await tree(shop) == [
        ("clothing", "Clothing", 2),
        ("clothing/jackets", "Jackets", 1),
        ("clothing/jackets/down-filled", "Down filled", 1),
    ]


async def test_a_category_moves_with_what_stands_below_it_and_undo_brings_it_back(shop: Shop) -> None:
    for path in ("a", "a/b", "a/b/c", "ab", "x"):
        await shop.done(CreateCategory(path=path, title=path.upper()))
    ids = {row["path"]: row["id"] for row in await shop.fetch("SELECT path, id FROM shop.categories")}
    moved = await shop.perform(ChangeCategory(category_id=ids["a/b"], path="x/b", title="Moved"))
    assert isinstance(moved, Done)
    assert [(path, title) for path, title, _ in await tree(shop)] == [
        ("a", "A"),
        ("ab", "AB"),
        ("x", "X"),
        ("x/b", "Moved"),
        ("x/b/c", "A/B/C"),
    ]
    assert await shop.fetchval("SELECT parent_id FROM shop.categories WHERE path = 'x/b'") == ids["x"]
    assert await refused(shop, ChangeCategory(category_id=ids["x"], path="x/b/x")) == "path_below_itself"
    assert await refused(shop, ChangeCategory(category_id=ids["x"], path="a")) == "handle_taken"
    assert await refused(shop, ChangeCategory(category_id=ids["x"], path="no/x")) == "no_such_category"
    assert await refused(shop, ChangeCategory(category_id=new_id("cat"), title="T")) == "no_such_category"
    await shop.done(UndoEntry(entry_id=moved.entry_id))
    assert [path for path, _, _ in await tree(shop)] == ["a", "a/b", "a/b/c", "ab", "x"]


async def test_only_an_empty_category_is_removed(shop: Shop) -> None:
    await upsert(shop, simple("hat", category="clothing/hats"))
    ids = {row["path"]: row["id"] for row in await shop.fetch("SELECT path, id FROM shop.categories")}
    assert await refused(shop, RemoveCategory(category_id=ids["clothing"])) == "category_in_use"
    assert await refused(shop, RemoveCategory(category_id=ids["clothing/hats"])) == "category_in_use"
    empty = await shop.done(CreateCategory(path="empty", title="Empty"))
    await shop.done(RemoveCategory(category_id=empty["category_id"]))
    assert await refused(shop, RemoveCategory(category_id=empty["category_id"])) == "no_such_category"


async def test_a_collection_keeps_the_order_in_which_products_came(shop: Shop) -> None:
    first, second, third = [await add_product(shop, handle) for handle in ("one", "two", "three")]
    made = await shop.done(CreateCollection(title="Gift ideas"))
    collection_id = made["collection_id"]
    assert made["handle"] == "gift-ideas"
    assert (await shop.done(AddToCollection(collection_id=collection_id, product_ids=(second, first))))["added"] == 2
    assert (await shop.done(AddToCollection(collection_id=collection_id, product_ids=(first, third))))["added"] == 1
    rows = await shop.fetch("SELECT product_id FROM shop.collection_products ORDER BY position")
    assert [row["product_id"] for row in rows] == [second, first, third]
    unknown = AddToCollection(collection_id=collection_id, product_ids=(new_id("prd"),))
    assert await refused(shop, unknown) == "no_such_product"
    taken_out = RemoveFromCollection(collection_id=collection_id, product_ids=(first, new_id("prd")))
    assert (await shop.done(taken_out))["removed"] == 1
    removed = await shop.perform(RemoveCollection(collection_id=collection_id))
    assert isinstance(removed, Done)
    assert await refused(shop, RemoveCollection(collection_id=collection_id)) == "no_such_collection"
    await shop.done(UndoEntry(entry_id=removed.entry_id))
    assert await shop.fetchval("SELECT count(*) FROM shop.collection_products") == 2


async def test_unpublished_collections_are_for_staff(shop: Shop) -> None:
    made = await shop.done(CreateCollection(title="Secret", published=False))
    await shop.done(CreateCollection(title="Open"))
    assert await refused(shop, CreateCollection(title="Open")) == "handle_taken"
    assert await refused(shop, ChangeCollection(collection_id=made["collection_id"])) == "nothing_changes"
    assert await refused(shop, ChangeCollection(collection_id=made["collection_id"], handle="open")) == "handle_taken"
    assert await refused(shop, ChangeCollection(collection_id=new_id("col"), title="X")) == "no_such_collection"
    async with shop.application.database.read() as connection:
        assert [found.handle for found in await list_collections(connection)] == ["open"]
        assert [found.handle for found in await list_collections(connection, unpublished=True)] == ["open", "secret"]
    await shop.done(ChangeCollection(collection_id=made["collection_id"], published=True, title="No longer secret"))
    async with shop.application.database.read() as connection:
        assert [found.title for found in await list_collections(connection)] == ["Open", "No longer secret"]
