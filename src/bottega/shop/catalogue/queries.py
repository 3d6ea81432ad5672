"""Reads of the catalogue beside lists, detail and search: categories, collections, and products as staff keep them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.errors import NoSuchCollection, NoSuchProduct
from bottega.shop.catalogue.model import ProductStatus

LONGEST_PAGE = 200
LONGEST_TREE = 5_000


class Category(BaseModel):
    """A category of the tree; `products` counts the published ones in it and below it."""

    model_config = ConfigDict(frozen=True)

    id: str
    path: str
    title: str
    parent_id: str | None
    products: int


class Collection(BaseModel):
    """A collection; `products` counts the published ones."""

    model_config = ConfigDict(frozen=True)

    id: str
    handle: str
    title: str
    description: str
    published: bool
    products: int


class ProductRecordShown(BaseModel):
    """A product as staff list it, whatever its status."""

    model_config = ConfigDict(frozen=True)

    id: str
    handle: str
    title: str
    brand: str
    category: str | None
    status: ProductStatus
    variants: int
    source: str
    version: int
    created_at: datetime
    updated_at: datetime


async def list_categories(connection: Connection) -> list[Category]:
    """The whole tree in the order of its paths, at most 5,000."""
    rows = await connection.fetch(_CATEGORIES, LONGEST_TREE)
    return [Category(**row) for row in rows]


async def list_collections(
    connection: Connection, *, unpublished: bool = False, after: str = "", limit: int = 50
) -> list[Collection]:
    """Collections by handle; `after` is the handle seen last, `limit` ≤ 200."""
    rows = await connection.fetch(
        f"{_COLLECTIONS} WHERE (c.published OR $1) AND c.handle > $2 ORDER BY c.handle LIMIT $3",
        unpublished,
        after,
        min(limit, LONGEST_PAGE),
    )
    return [Collection(**row) for row in rows]


async def get_collection(connection: Connection, id_or_handle: str, *, unpublished: bool = False) -> Collection:
    """One collection; raises `NoSuchCollection`."""
    column = "id" if id_or_handle.startswith("col_") else "handle"
    row = await connection.fetchrow(
        f"{_COLLECTIONS} WHERE c.{column} = $1 AND (c.published OR $2)", id_or_handle, unpublished
    )
    if row is None:
        raise NoSuchCollection(id_or_handle)
    return Collection(**row)


async def check_published(connection: Connection, product_id: str) -> None:
    """Raises `NoSuchProduct` for one that shoppers do not see."""
    statement = "SELECT EXISTS (SELECT FROM shop.products WHERE id = $1 AND status = 'published')"
    if not await connection.fetchval(statement, product_id):
        raise NoSuchProduct(product_id)


async def list_product_records(
    connection: Connection,
    *,
    status: ProductStatus | None = None,
    source: str | None = None,
    before: str = "",
    limit: int = 50,
) -> list[ProductRecordShown]:
    """Products of any status, newest first; `before` is the product seen last, `limit` ≤ 200."""
    rows = await connection.fetch(
        "SELECT p.id, p.handle, p.title, p.brand, c.path AS category, p.status, p.source, p.version, p.created_at, "
        "p.updated_at, (SELECT count(*) FROM shop.variants v WHERE v.product_id = p.id AND v.active) AS variants "
        "FROM shop.products p LEFT JOIN shop.categories c ON c.id = p.category_id "
        "WHERE ($1::text IS NULL OR p.status = $1) AND ($2::text IS NULL OR p.source = $2) AND ($3 = '' OR p.id < $3) "
        "ORDER BY p.id DESC LIMIT $4",
        status,
        source,
        before,
        min(limit, LONGEST_PAGE),
    )
    return [ProductRecordShown(**row) for row in rows]


_CATEGORIES = """
WITH counted AS (SELECT category_id, count(*) AS number FROM shop.products WHERE status = 'published' GROUP BY 1),
pathed AS (SELECT k.path, n.number FROM counted n JOIN shop.categories k ON k.id = n.category_id),
summed AS (
    SELECT array_to_string((string_to_array(path, '/'))[:depth], '/') AS path, sum(number)::int AS number
    FROM pathed, generate_series(1, cardinality(string_to_array(path, '/'))) AS depth GROUP BY 1)
SELECT c.id, c.path, c.title, c.parent_id, coalesce(s.number, 0) AS products
FROM shop.categories c LEFT JOIN summed s ON s.path = c.path ORDER BY c.path LIMIT $1"""

_COLLECTIONS = """
SELECT c.id, c.handle, c.title, c.description, c.published,
       (SELECT count(*) FROM shop.collection_products x JOIN shop.products p ON p.id = x.product_id
        WHERE x.collection_id = c.id AND p.status = 'published') AS products
FROM shop.collections c"""
