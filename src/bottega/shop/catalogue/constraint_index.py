"""Writing what constraints are held against: traits, numbers and offers of published products."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bottega.platform.database.pool import Connection, Row
from bottega.shop.catalogue.understanding.language import language
from bottega.shop.catalogue.understanding.measures import measures
from bottega.shop.catalogue.understanding.traits import ProductText, ProductTraits, traits_of

TABLES = ("search.traits", "search.variant_traits", "search.numbers", "search.offers")


async def ensure(connection: Connection) -> None:
    """Makes the tables again that were lost; empty, until their products are written."""
    lost = await connection.fetchval(
        "SELECT bool_or(to_regclass(name) IS NULL) FROM unnest($1::text[]) AS name", [*TABLES, "search.vocabulary"]
    )
    if lost:
        await connection.execute("SELECT search.ensure_constraints()")


async def refresh_traits(connection: Connection, ids: list[str]) -> None:
    """Writes traits and numbers of these products anew; what is not published disappears."""
    rows = await connection.fetch(_TEXTS, ids)
    for table in ("search.traits", "search.variant_traits", "search.numbers"):
        await connection.execute(f"DELETE FROM {table} WHERE product_id = ANY ($1::text[])", ids)
    spoken, measured = language(), measures()
    known = [(row, traits_of(_text(row), spoken, measured)) for row in rows]
    await _write_traits(connection, known)
    await _write_numbers(connection, known)
    await connection.execute("UPDATE search.vocabulary SET changed = changed + $1", len(ids))


async def refresh_offers(connection: Connection, ids: list[str], at: datetime) -> None:
    """Writes the offers of these products as they stand at an instant; after their traits."""
    await connection.execute("DELETE FROM search.offers WHERE product_id = ANY ($1::text[])", ids)
    await connection.execute("INSERT INTO search.offers SELECT * FROM search.offers_of($1::text[], $2)", ids, at)


def _text(row: Row) -> ProductText:
    variants = [(told["id"], told["options"], told["grams"]) for told in row["variants"]]
    return ProductText(
        product_id=row["id"],
        title=row["title"],
        description=row["description"],
        brand=row["brand"],
        category=row["category"],
        tags=row["tags"],
        attributes=row["attributes"],
        variants=variants,
    )


async def _write_traits(connection: Connection, known: Sequence[tuple[Row, ProductTraits]]) -> None:
    await connection.executemany(
        "INSERT INTO search.traits (product_id, brand, category, traits, fields) VALUES ($1, $2, $3, $4, $5)",
        [(row["id"], row["brand"], row["category"], told.traits, told.fields) for row, told in known],
    )
    await connection.executemany(
        "INSERT INTO search.variant_traits (variant_id, product_id, traits) VALUES ($1, $2, $3)",
        [(variant_id, row["id"], traits) for row, told in known for variant_id, traits in told.variants.items()],
    )


async def _write_numbers(connection: Connection, known: Iterable[tuple[Row, ProductTraits]]) -> None:
    lines = [
        (row["id"], number.variant_id, number.name, number.value, number.unit)
        for row, told in known
        for number in told.numbers
    ]
    await connection.execute(
        "INSERT INTO search.numbers (product_id, variant_id, name, value, unit) "
        "SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::text[]) ON CONFLICT DO NOTHING",
        *(list(column) for column in zip(*lines, strict=True)) if lines else ([], [], [], [], []),
    )


_TEXTS = """
SELECT p.id, p.title, p.description, p.brand, p.tags, p.attributes, c.path AS category,
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', v.id, 'options', v.option_values, 'grams', v.weight_grams)
                                  ORDER BY v.position)
                 FROM shop.variants v WHERE v.product_id = p.id AND v.active), '[]') AS variants
FROM shop.products p LEFT JOIN shop.categories c ON c.id = p.category_id
WHERE p.id = ANY ($1::text[]) AND p.status = 'published'"""
