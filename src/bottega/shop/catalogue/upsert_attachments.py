"""What hangs on products that another system gives: media and membership in collections."""

from collections.abc import Sequence

from bottega.actions.work import Work
from bottega.shop.catalogue.actions.categories import title_of
from bottega.shop.catalogue.product_record import ProductRecord


async def write_media(work: Work, accepted: Sequence[tuple[str, ProductRecord]], existing: set[str]) -> set[str]:
    """Gives each product exactly the pictures of its record; returns the products whose pictures changed."""
    present: dict[str, list[tuple[str, str]]] = {}
    if existing:
        for row in await work.connection.fetch(
            "SELECT product_id, url, alt FROM shop.media WHERE product_id = ANY ($1::text[]) ORDER BY position, id",
            sorted(existing),
        ):
            present.setdefault(row["product_id"], []).append((row["url"], row["alt"]))
    changed = {
        product_id: record
        for product_id, record in accepted
        if present.get(product_id, []) != [(picture.url, picture.alt) for picture in record.media]
    }
    if stale := sorted(set(changed) & set(present)):
        await work.connection.execute("DELETE FROM shop.media WHERE product_id = ANY ($1::text[])", stale)
    rows = [
        (work.new_id("med"), product_id, picture.url, picture.alt, position)
        for product_id, record in changed.items()
        for position, picture in enumerate(record.media)
    ]
    if rows:
        await work.connection.execute(
            "INSERT INTO shop.media (id, product_id, url, alt, position) "
            "SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[])",
            *(list(column) for column in zip(*rows, strict=True)),
        )
    return set(changed)


async def write_collections(work: Work, accepted: Sequence[tuple[str, ProductRecord]]) -> set[str]:
    """Adds products to the collections that their records name, making those that do not exist yet."""
    pairs = [(handle, product_id) for product_id, record in accepted for handle in dict.fromkeys(record.collections)]
    if not pairs:
        return set()
    handles = sorted({handle for handle, _ in pairs})
    await work.connection.execute(
        "INSERT INTO shop.collections (id, handle, title) "
        "SELECT t.id, t.handle, t.title FROM unnest($1::text[], $2::text[], $3::text[]) AS t (id, handle, title) "
        "WHERE NOT EXISTS (SELECT FROM shop.collections c WHERE c.handle = t.handle)",
        [work.new_id("col") for _ in handles],
        handles,
        [title_of(handle) for handle in handles],
    )
    added = await work.connection.fetch(_ADD, [handle for handle, _ in pairs], [product_id for _, product_id in pairs])
    return {row["product_id"] for row in added}


_ADD = """
WITH ends AS (
    SELECT c.id, c.handle, coalesce(max(cp.position) + 1, 0) AS first
    FROM shop.collections c LEFT JOIN shop.collection_products cp ON cp.collection_id = c.id
    WHERE c.handle = ANY ($1::text[]) GROUP BY c.id)
INSERT INTO shop.collection_products (collection_id, product_id, position)
SELECT e.id, t.product_id, e.first + row_number() OVER (PARTITION BY e.id ORDER BY t.number) - 1
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (handle, product_id, number)
JOIN ends e ON e.handle = t.handle
ON CONFLICT DO NOTHING
RETURNING product_id"""
