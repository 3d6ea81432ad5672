"""What lines of carts and orders are shown with: the product's page and its picture."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.web.storefront.pictures.addresses import Picture, colour_of, picture

_PRODUCTS = """
SELECT p.id, p.handle, p.title, p.status = 'published' AS is_published, c.path AS category,
       (SELECT m.url FROM shop.media m WHERE m.product_id = p.id ORDER BY m.position, m.id LIMIT 1) AS image
FROM shop.products p LEFT JOIN shop.categories c ON c.id = p.category_id WHERE p.id = ANY ($1::text[])"""


@dataclass(frozen=True, slots=True)
class LineProducts:
    """The products of some lines."""

    rows: Mapping[str, Mapping[str, Any]]

    def address(self, product_id: str) -> str | None:
        """The product's page, while it is for sale."""
        row = self.rows.get(product_id)
        return f"/p/{row['handle']}" if row is not None and row["is_published"] else None

    def picture(self, product_id: str, title: str, option_values: Mapping[str, Any]) -> Picture:
        """The picture of one variant."""
        row = self.rows.get(product_id)
        return picture(
            product_id,
            title,
            None if row is None else row["category"],
            None if row is None else row["image"],
            colour_of(option_values),
        )


async def products_of_lines(connection: Connection, product_ids: Iterable[str]) -> LineProducts:
    """One statement for any number of lines."""
    rows = await connection.fetch(_PRODUCTS, sorted(set(product_ids)))
    return LineProducts({row["id"]: dict(row) for row in rows})
