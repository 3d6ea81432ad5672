"""What the page of reviews asks."""

from collections.abc import Mapping, Sequence
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.web.console.work_list import Asked

SORTS: Mapping[str, str] = {"written": "r.created_at, r.id", "stars": "r.rating, r.id", "product": "p.title, r.id"}


async def listed(connection: Connection, asked: Asked) -> list[dict[str, Any]]:
    """Reviews as asked, their texts revealed; a search finds titles and handles of products."""
    rows = await connection.fetch(
        f"{_LIST} ORDER BY {asked.order(SORTS)} LIMIT $5 OFFSET $6",
        asked.text,
        f"%{asked.text.translate(_LIKE)}%",
        asked.chosen["state"],
        asked.chosen["stars"],
        asked.limit,
        asked.offset,
    )
    return [dict(row) for row in rows]


async def products_of(connection: Connection, review_ids: Sequence[str]) -> dict[str, str]:
    """The products that these reviews are about, by the review's id."""
    rows = await connection.fetch(
        "SELECT r.id, p.title FROM shop.reviews r JOIN shop.products p ON p.id = r.product_id "
        "WHERE r.id = ANY($1::text[])",
        list(review_ids),
    )
    return {row["id"]: row["title"] for row in rows}


_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})

_LIST = """
SELECT r.id, r.product_id, p.title AS product, p.handle, r.rating, r.state, r.customer_id, r.verified_purchase,
       r.created_at, vault.reveal(r.title_ref) AS headline, vault.reveal(r.text_ref) AS text,
       vault.reveal(r.author_ref) AS author
FROM shop.reviews r JOIN shop.products p ON p.id = r.product_id
WHERE ($1 = '' OR p.title ILIKE $2 OR p.handle = $1) AND ($3 = '' OR r.state = $3)
  AND ($4 = '' OR r.rating::text = $4)"""
