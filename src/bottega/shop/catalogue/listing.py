"""Lists of published products for shoppers: filtered, sorted, page by page, as JSON text made by the database."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field

from bottega.kernel.errors import Invalid
from bottega.platform.database.pool import Connection, Row
from bottega.shop.catalogue.signs import signs

Sort = Literal["newest", "price", "-price", "title"]


class Image(BaseModel):
    """A picture by its address."""

    url: str
    alt: str


class ProductCard(BaseModel):
    """A product as lists show it; amounts are minor units of `currency`, `regular_minor` is without any sale."""

    model_config = ConfigDict(json_schema_extra={"example": {"id": "prd_01jd3gqz5t8m2n4p6r8s0v2x4z"}})

    id: str
    handle: str
    title: str
    brand: str
    category: str | None
    tags: list[str]
    image: Image | None
    currency: str
    price_minor: Annotated[int, Field(description="The lowest of its variants' prices now.")]
    highest_minor: Annotated[int, Field(description="The highest of them.")]
    regular_minor: int
    on_sale: bool
    in_stock: bool
    rating: Annotated[float | None, Field(description="Average of published reviews, 1 to 5.")]
    reviews: int


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list or search is narrowed to; amounts in minor units of `currency`."""

    currency: str
    category: str | None = None
    collection: str | None = None
    brand: str | None = None
    tag: str | None = None
    in_stock: bool | None = None
    on_sale: bool | None = None
    minimum_minor: int | None = None
    maximum_minor: int | None = None

    @property
    def facets(self) -> list[str]:
        """The facets that a product must have."""
        named = {"category": self.category, "collection": self.collection, "brand": self.brand, "tag": self.tag}
        # Letters outside ASCII keep their case on both sides: what the database would make of them is its locale's.
        wanted = [f"{name}:{value.encode().lower().decode()}" for name, value in named.items() if value is not None]
        return wanted + [name for name in ("in_stock", "on_sale") if getattr(self, name) is True]

    @property
    def are_wide(self) -> bool:
        """Whether nothing but the currency narrows the list."""
        return self == Filters(self.currency)

    def in_currency(self, currency: str) -> "Filters":
        """The same filters on prices of a currency; bounds stay as they were given."""
        return self if currency == self.currency else replace(self, currency=currency)

    @property
    def lacking(self) -> list[str]:
        """The facets that a product must not have."""
        return [name for name in ("in_stock", "on_sale") if getattr(self, name) is False]


@dataclass(frozen=True, slots=True)
class CardPage:
    """Cards as JSON text, and the position after the last when there are more."""

    cards: list[str]
    next_position: str | None


@dataclass(slots=True)
class Conditions:
    """A WHERE clause in the making, with its parameters."""

    texts: list[str] = field(default_factory=list[str])
    values: list[object] = field(default_factory=list[object])

    def parameter(self, value: object) -> str:
        """The placeholder of a value."""
        self.values.append(value)
        return f"${len(self.values)}"

    def narrow(self, filters: Filters) -> None:
        """Adds filters on search.products as `p`; absent ones cost nothing."""
        self.texts.append(f"p.currency = {self.parameter(filters.currency)}")
        if facets := filters.facets:
            self.texts.append(f"p.signs @> {self.parameter(signs('facet', facets))}::bigint[]")
        if lacking := filters.lacking:
            self.texts.append(f"NOT p.signs && {self.parameter(signs('facet', lacking))}::bigint[]")
        if filters.minimum_minor is not None:
            self.texts.append(f"p.price_minor >= {self.parameter(filters.minimum_minor)}")
        if filters.maximum_minor is not None:
            self.texts.append(f"p.price_minor <= {self.parameter(filters.maximum_minor)}")

    def __str__(self) -> str:
        return " AND ".join(self.texts)


# The card of search.products as `p`, as it was written. Asked for in this way it is read of what is shown, and of
# nothing that is only sorted or looked through.
CARD = "(SELECT c.card FROM search.product_cards c WHERE c.product_id = p.product_id AND c.currency = p.currency)"


def card_column(now_parameter: str) -> str:
    """The card of search.products as `p`, made anew when a sale began or ended since it was written."""
    return (
        f"CASE WHEN p.changes_at <= {now_parameter} THEN search.card_at(p.product_id, p.currency, {now_parameter}) "
        f"ELSE {CARD} END AS card"
    )


async def list_products(
    connection: Connection, filters: Filters, now: datetime, *, sort: Sort = "newest", after: str = "", limit: int = 20
) -> CardPage:
    """One page of published products with a price in the currency; `after` is a page's `next_position`."""
    column, descending = _ORDERS[sort]
    conditions = Conditions()
    card = card_column(conditions.parameter(now))
    conditions.narrow(filters)
    sign, direction = ("<", "DESC") if descending else (">", "ASC")
    if after:
        product_id, key = _position(after, sort)
        if column is None:
            conditions.texts.append(f"p.product_id {sign} {conditions.parameter(product_id)}")
        else:
            given = f"({conditions.parameter(key)}, {conditions.parameter(product_id)})"
            conditions.texts.append(f"({column}, p.product_id) {sign} {given}")
    order = f"p.product_id {direction}" if column is None else f"{column} {direction}, p.product_id {direction}"
    rows = await connection.fetch(
        f"SELECT {card}, p.product_id, p.price_minor, p.title_key FROM search.products p "
        f"WHERE {conditions} ORDER BY {order} LIMIT {conditions.parameter(limit + 1)}",
        *conditions.values,
    )
    shown = rows[:limit]
    cards = [row["card"] for row in shown if row["card"] is not None]
    return CardPage(cards, _next_position(shown[-1], sort) if len(rows) > limit else None)


_ORDERS: dict[Sort, tuple[str | None, bool]] = {
    "newest": (None, True),
    "price": ("p.price_minor", False),
    "-price": ("p.price_minor", True),
    "title": ("p.title_key", False),
}


def _next_position(row: Row, sort: Sort) -> str:
    match sort:
        case "newest":
            return row["product_id"]
        case "price" | "-price":
            return f"{row['product_id']} {row['price_minor']}"
        case "title":
            return f"{row['product_id']} {row['title_key']}"
        case _:
            assert_never(sort)


def _position(after: str, sort: Sort) -> tuple[str, int | str]:
    """Product id and sort key out of a position; `Invalid` for one of another sort."""
    product_id, _, key = after.partition(" ")
    by_price = sort in ("price", "-price")
    if bool(key) is (sort == "newest") or (by_price and not (key.isdecimal() and len(key) < 19)):
        raise Invalid("bad_cursor", "This cursor belongs to another list.", next_step="Begin without a cursor.")
    return product_id, int(key) if by_price else key
