"""Reads of reviews."""

from bottega.platform.database.pool import Connection
from bottega.shop.reviews.errors import NothingToReview
from bottega.shop.reviews.model import PublicReview, Review, ReviewState

LONGEST_PAGE = 200

_TEXTS = """
r.id, r.product_id, r.rating, vault.reveal(r.title_ref) AS title, vault.reveal(r.text_ref) AS text,
vault.reveal(r.author_ref) AS author, r.verified_purchase, r.created_at"""


async def reviews_of_product(
    connection: Connection, id_or_handle: str, *, before: str = "", limit: int = 20
) -> list[PublicReview]:
    """Published reviews of a product, newest first; `before` is the review seen last, `limit` ≤ 200.

    Raises `NothingToReview` when there is no such product to see.
    """
    column = "id" if id_or_handle.startswith("prd_") else "handle"
    rows = await connection.fetch(
        f"SELECT {_TEXTS} FROM shop.reviews r JOIN shop.products p ON p.id = r.product_id "
        f"WHERE p.{column} = $1 AND p.status = 'published' AND r.state = 'published' AND ($2 = '' OR r.id < $2) "
        "ORDER BY r.id DESC LIMIT $3",
        id_or_handle,
        before,
        min(limit, LONGEST_PAGE),
    )
    if not rows and not await connection.fetchval(
        f"SELECT EXISTS (SELECT FROM shop.products WHERE {column} = $1 AND status = 'published')", id_or_handle
    ):
        raise NothingToReview(id_or_handle)
    return [PublicReview(**row) for row in rows]


async def list_reviews(
    connection: Connection,
    *,
    state: ReviewState | None = None,
    product_id: str | None = None,
    before: str = "",
    limit: int = 20,
) -> list[Review]:
    """Reviews as staff see them, newest first; `before` is the review seen last, `limit` ≤ 200."""
    rows = await connection.fetch(
        f"SELECT {_TEXTS}, r.customer_id, r.state FROM shop.reviews r "
        "WHERE ($1::text IS NULL OR r.state = $1) AND ($2::text IS NULL OR r.product_id = $2) "
        "AND ($3 = '' OR r.id < $3) ORDER BY r.id DESC LIMIT $4",
        state,
        product_id,
        before,
        min(limit, LONGEST_PAGE),
    )
    return [Review(**row) for row in rows]
