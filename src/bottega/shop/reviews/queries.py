"""Reads of reviews."""

from bottega.platform.database.pool import Connection
from bottega.shop.reviews.model import Review

_SHOWN = """
SELECT id, product_id, rating, coalesce(vault.reveal(title_ref), '') AS title,
       coalesce(vault.reveal(text_ref), '') AS text, coalesce(vault.reveal(author_ref), '') AS author,
       verified_purchase, state, created_at
FROM shop.reviews"""


async def reviews_of(connection: Connection, product_id: str, *, before: str = "", limit: int = 20) -> list[Review]:
    """A product's published reviews, newest first; forgotten words are not shown."""
    rows = await connection.fetch(
        f"{_SHOWN} WHERE product_id = $1 AND state = 'published' AND ($2 = '' OR id < $2) "
        "AND EXISTS (SELECT FROM vault.values v WHERE v.id = split_part(text_ref, '.', 1)) ORDER BY id DESC LIMIT $3",
        product_id,
        before,
        limit,
    )
    return [Review(**dict(row)) for row in rows]


async def reviews_in_state(
    connection: Connection, state: str | None, *, before: str = "", limit: int = 20
) -> list[Review]:
    """Reviews of all products for staff, newest first."""
    rows = await connection.fetch(
        f"{_SHOWN} WHERE ($1::text IS NULL OR state = $1) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3",
        state,
        before,
        limit,
    )
    return [Review(**dict(row)) for row in rows]
