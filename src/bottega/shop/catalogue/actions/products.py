"""Products: create, change, publish, unpublish and archive."""

from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import CategoryId, ProductId
from bottega.platform.database.pool import Row
from bottega.shop.catalogue.actions.media import insert_media
from bottega.shop.catalogue.actions.variants import MAXIMUM_VARIANTS, insert_variants
from bottega.shop.catalogue.errors import HandleTaken, NoSuchCategory, NoSuchProduct, StatusRefused
from bottega.shop.catalogue.model import (
    Attributes,
    Brand,
    CategoryPath,
    Description,
    Handle,
    NewMedia,
    NewVariant,
    OptionNames,
    Related,
    Tags,
    TaxClass,
    Title,
    handle_of,
)
from bottega.shop.catalogue.options import check_options

_CHANGEABLE = ("handle", "title", "description", "brand", "category_id", "tax_class", "attributes", "tags", "related")


class CreateProduct(Action):
    """A new product with its variants; a draft is not shown to shoppers. Without variants it gets one, named for it."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    title: Annotated[Title, Field(examples=["Fell Warden Down Jacket"])]
    handle: Handle | None = None
    description: Description = ""
    brand: Brand = ""
    category_id: CategoryId | None = None
    category: CategoryPath | None = None
    published: bool = False
    tax_class: TaxClass = "standard"
    attributes: Attributes = Field(default_factory=dict)
    option_names: OptionNames = ()
    tags: Tags = ()
    related: Related = ()
    variants: Annotated[tuple[NewVariant, ...], Field(max_length=MAXIMUM_VARIANTS)] = ()
    media: Annotated[tuple[NewMedia, ...], Field(max_length=50)] = ()


class ProductChanges(Action):
    """The fields of a product that may change; absent ones stay, lists and `attributes` replace what was there."""

    handle: Handle | None = None
    title: Title | None = None
    description: Description | None = None
    brand: Brand | None = None
    category_id: CategoryId | None = None
    tax_class: TaxClass | None = None
    attributes: Attributes | None = None
    tags: Tags | None = None
    related: Related | None = None


class ChangeProduct(ProductChanges):
    """Changes the named fields of a product."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    product_id: ProductId


class PublishProduct(Action):
    """Shoppers see it from now on."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    product_id: ProductId


class UnpublishProduct(Action):
    """Back to a draft: shoppers no longer see it."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    product_id: ProductId


class ArchiveProduct(Action):
    """Sold no more, kept for the orders that name it; `UnpublishProduct` brings it back as a draft."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    product_id: ProductId


@handles(CreateProduct, undoable=True)
async def create_product(action: CreateProduct, work: Work) -> dict[str, Any]:
    """One row for the product, one per variant and picture."""
    if action.category_id is not None and action.category is not None:
        raise Invalid("category_named_twice", "Both category_id and category are given.", next_step="Give one.")
    handle = action.handle or handle_of(action.title)
    variants = action.variants or (NewVariant(sku=handle.upper()),)
    check_options(action.option_names, [(variant.sku, variant.option_values) for variant in variants])
    category_id = action.category_id
    if action.category is not None:
        category_id = await category_at(work, action.category)
    product_id = work.new_id("prd")
    try:
        await work.connection.execute(
            _INSERT,
            product_id,
            handle,
            action.title,
            action.description,
            action.brand,
            category_id,
            "published" if action.published else "draft",
            action.tax_class,
            action.attributes,
            list(action.option_names),
            list(action.tags),
            list(action.related),
            work.now,
        )
    except asyncpg.UniqueViolationError as error:
        raise HandleTaken(handle) from error
    except asyncpg.ForeignKeyViolationError as error:
        raise NoSuchCategory(category_id or "") from error
    variant_ids = await insert_variants(work, product_id, variants, first_position=0)
    await insert_media(work, product_id, action.media, first_position=0)
    return {"product_id": product_id, "handle": handle, "variant_ids": variant_ids}


@handles(ChangeProduct, undoable=True)
async def change_product(action: ChangeProduct, work: Work) -> dict[str, Any]:
    """One update of the named columns; the version counts changes."""
    changes: dict[str, Any] = {name: getattr(action, name) for name in _CHANGEABLE if name in action.model_fields_set}
    refused = [name for name, value in changes.items() if value is None and name != "category_id"]
    if refused or not changes:
        named = ", ".join(refused) or "no field"
        raise Invalid("nothing_changes", f"{named} is given a value.", next_step="Give the fields to change.")
    await locked_product(work, action.product_id)
    columns = ", ".join(f"{name} = ${index}" for index, name in enumerate(changes, start=3))
    try:
        await work.connection.execute(
            f"UPDATE shop.products SET {columns}, version = version + 1, updated_at = $2 WHERE id = $1",
            action.product_id,
            work.now,
            *changes.values(),
        )
    except asyncpg.UniqueViolationError as error:
        raise HandleTaken(action.handle or "") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise NoSuchCategory(action.category_id or "") from error
    return {"product_id": action.product_id, "changed": sorted(changes)}


@handles(PublishProduct, undoable=True)
async def publish_product(action: PublishProduct, work: Work) -> dict[str, Any]:
    """Draft → published, when there is something to buy."""
    product = await locked_product(work, action.product_id)
    if product["status"] == "archived":
        raise StatusRefused(action.product_id, "The product is archived.", "Unpublish it first to bring it back.")
    active = await work.connection.fetchval(
        "SELECT EXISTS (SELECT FROM shop.variants WHERE product_id = $1 AND active)", action.product_id
    )
    if not active:
        raise StatusRefused(action.product_id, "The product has no variant that can be bought.", "Add a variant.")
    return await _set_status(work, product, "published")


@handles(UnpublishProduct, undoable=True)
async def unpublish_product(action: UnpublishProduct, work: Work) -> dict[str, Any]:
    """Published or archived → draft."""
    return await _set_status(work, await locked_product(work, action.product_id), "draft")


@handles(ArchiveProduct, undoable=True)
async def archive_product(action: ArchiveProduct, work: Work) -> dict[str, Any]:
    """Any status → archived."""
    return await _set_status(work, await locked_product(work, action.product_id), "archived")


async def locked_product(work: Work, product_id: str) -> Row:
    """The product's row, locked; raises `NoSuchProduct`."""
    product = await work.connection.fetchrow("SELECT * FROM shop.products WHERE id = $1 FOR UPDATE", product_id)
    if product is None:
        raise NoSuchProduct(product_id)
    return product


async def category_at(work: Work, path: str) -> str:
    """The id of the category at a path; raises `NoSuchCategory`."""
    category_id = await work.connection.fetchval("SELECT id FROM shop.categories WHERE path = $1", path)
    if category_id is None:
        raise NoSuchCategory(path)
    return category_id


async def _set_status(work: Work, product: Row, status: str) -> dict[str, Any]:
    if product["status"] != status:
        await work.connection.execute(
            "UPDATE shop.products SET status = $2, version = version + 1, updated_at = $3 WHERE id = $1",
            product["id"],
            status,
            work.now,
        )
    return {"product_id": product["id"], "status": status}


_INSERT = """
INSERT INTO shop.products (
    id, handle, title, description, brand, category_id, status, tax_class, attributes, option_names, tags, related,
    created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)"""
