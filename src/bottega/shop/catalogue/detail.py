"""One product for shoppers: everything about it, as JSON text made by one statement."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.errors import NoSuchProduct
from bottega.shop.catalogue.listing import ProductCard

RELATED_SHOWN = 6


class CategoryShown(BaseModel):
    """Where a product stands."""

    id: str
    path: str
    title: str


class CollectionShown(BaseModel):
    """A collection that a product is in."""

    handle: str
    title: str


class MediaShown(BaseModel):
    """A picture."""

    id: str
    url: str
    alt: str


class VariantShown(BaseModel):
    """What goes into a cart; without a price in the currency it cannot be bought in it."""

    id: str
    sku: str
    option_values: dict[str, str]
    barcode: str
    weight_grams: int
    price_minor: Annotated[int | None, Field(description="What it costs now.")]
    regular_minor: Annotated[int | None, Field(description="What it costs without any sale.")]
    sale_ends_at: Annotated[datetime | None, Field(description="When the sale that holds now ends, if it does.")]
    available: Annotated[int, Field(description="Units that can be ordered now.")]


class Rating(BaseModel):
    """Published reviews together."""

    average: float | None
    count: int


class ProductDetail(BaseModel):
    """A published product; staff also see drafts and archived ones."""

    id: str
    handle: str
    title: str
    description: str
    brand: str
    status: str
    tax_class: str
    category: CategoryShown | None
    attributes: dict[str, Any]
    option_names: list[str]
    tags: list[str]
    collections: list[CollectionShown]
    media: list[MediaShown]
    currency: str
    variants: list[VariantShown]
    rating: Rating
    related: list[ProductCard]
    version: int
    created_at: datetime
    updated_at: datetime


async def product_detail(
    connection: Connection, id_or_handle: str, currency: str, now: datetime, *, unpublished: bool = False
) -> bytes:
    """The JSON of one product; raises `NoSuchProduct`. Drafts and archived ones show with `unpublished` alone."""
    statement = _BY_ID if id_or_handle.startswith("prd_") else _BY_HANDLE
    text = await connection.fetchval(statement, id_or_handle, currency, now, unpublished)
    if text is None:
        raise NoSuchProduct(id_or_handle)
    return text.encode()


_DETAIL = """
SELECT json_build_object(
    'id', p.id, 'handle', p.handle, 'title', p.title, 'description', p.description, 'brand', p.brand,
    'status', p.status, 'tax_class', p.tax_class,
    'category', CASE WHEN c.id IS NOT NULL THEN json_build_object('id', c.id, 'path', c.path, 'title', c.title) END,
    'attributes', p.attributes, 'option_names', p.option_names, 'tags', p.tags,
    'collections', (
        SELECT coalesce(json_agg(json_build_object('handle', k.handle, 'title', k.title) ORDER BY k.handle), '[]')
        FROM shop.collection_products x JOIN shop.collections k ON k.id = x.collection_id
        WHERE x.product_id = p.id AND k.published),
    'media', (
        SELECT coalesce(json_agg(
            json_build_object('id', m.id, 'url', m.url, 'alt', m.alt) ORDER BY m.position, m.id), '[]')
        FROM shop.media m WHERE m.product_id = p.id),
    'currency', $2::text,
    'variants', (
        SELECT coalesce(json_agg(json_build_object(
            'id', v.id, 'sku', v.sku, 'option_values', v.option_values, 'barcode', v.barcode,
            'weight_grams', v.weight_grams, 'price_minor', shop.effective_amount(r, $3),
            'regular_minor', r.amount_minor,
            'sale_ends_at', CASE WHEN shop.effective_amount(r, $3) < r.amount_minor THEN r.sale_ends_at END,
            'available', (
                SELECT coalesce(sum(greatest(greatest(s.on_hand, 0) + s.backorder_limit - s.reserved, 0)), 0)
                FROM shop.stock_levels s JOIN shop.locations l ON l.id = s.location_id
                WHERE s.variant_id = v.id AND l.active)) ORDER BY v.position, v.id), '[]')
        FROM shop.variants v LEFT JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $2
        WHERE v.product_id = p.id AND v.active),
    'rating', (
        SELECT json_build_object('average', round(avg(w.rating), 2), 'count', count(*))
        FROM shop.reviews w WHERE w.product_id = p.id AND w.state = 'published'),
    'related', (
        SELECT coalesce(json_agg(d.card::json ORDER BY o.place), '[]')
        FROM unnest(p.related) WITH ORDINALITY AS o (handle, place)
        JOIN search.products q ON q.handle = o.handle AND q.currency = $2
        JOIN search.product_cards d ON d.product_id = q.product_id AND d.currency = q.currency
        WHERE o.place <= {related}),
    'version', p.version, 'created_at', p.created_at, 'updated_at', p.updated_at)::text
FROM shop.products p LEFT JOIN shop.categories c ON c.id = p.category_id
WHERE p.{column} = $1 AND (p.status = 'published' OR $4)"""
_BY_ID = _DETAIL.format(column="id", related=RELATED_SHOWN)
_BY_HANDLE = _DETAIL.format(column="handle", related=RELATED_SHOWN)
