"""Keyword search over published products: every term first, any of them when that finds too little."""

from datetime import datetime

from bottega.kernel.errors import Invalid
from bottega.platform.database.pool import Connection, Row
from bottega.retrieval.keyword import query_of
from bottega.shop.catalogue.listing import CardPage, Conditions, Filters, card_column

# So many products are ranked at most, in each of the two ways of matching; never every match.
MOST_CANDIDATES = 400
# How deep a search can be paged.
DEEPEST_RESULT = 400


async def search_products(
    connection: Connection, text: str, filters: Filters, now: datetime, *, after: str = "", limit: int = 20
) -> CardPage:
    """A page of cards, the best first. Products that have all words come before those that have some of them."""
    query = query_of(text)
    if not query.terms:
        return CardPage([], None)
    skipped = _skipped(after)
    rows = await _ranked(connection, query.every, filters, now, skipped + limit + 1)
    if len(rows) <= skipped + limit and query.terms > 1:
        known = {row["product_id"] for row in rows}
        more = await _ranked(connection, query.any, filters, now, skipped + limit + 1 + len(known))
        rows = [*rows, *(row for row in more if row["product_id"] not in known)]
    shown = rows[skipped : skipped + limit]
    more_follow = len(rows) > skipped + limit and skipped + limit < DEEPEST_RESULT
    cards = [row["card"] for row in shown if row["card"] is not None]
    return CardPage(cards, str(skipped + limit) if more_follow else None)


async def _ranked(connection: Connection, query: str, filters: Filters, now: datetime, number: int) -> list[Row]:
    conditions = Conditions()
    asked = conditions.parameter(query)
    card = card_column(conditions.parameter(now))
    conditions.narrow(filters)
    return await connection.fetch(
        _RANKED.format(
            asked=asked,
            candidates=MOST_CANDIDATES,
            card=card,
            conditions=conditions,
            number=conditions.parameter(min(number, DEEPEST_RESULT + 1)),
        ),
        *conditions.values,
    )


def _skipped(after: str) -> int:
    if after and not (after.isdecimal() and int(after) <= DEEPEST_RESULT):
        raise Invalid("bad_cursor", "This cursor belongs to another list.", next_step="Begin without a cursor.")
    return int(after or 0)


# Matches in titles are looked for by themselves, so that they stand among the candidates however many there are.
# Rank: how well the title's words match (PostgreSQL's ts_rank; weights of D, C, B, A), long titles a little behind.
_RANKED = """
WITH asked AS MATERIALIZED (SELECT {asked}::tsquery AS query),
candidates AS (
    (SELECT t.product_id FROM search.texts t JOIN search.products p USING (product_id)
     WHERE t.title @@ (SELECT query FROM asked) AND {conditions} LIMIT {candidates})
    UNION
    (SELECT t.product_id FROM search.texts t JOIN search.products p USING (product_id)
     WHERE t.body @@ (SELECT query FROM asked) AND {conditions} LIMIT {candidates})),
ranked AS (
    SELECT p.product_id, p.currency, p.changes_at, p.card,
           ts_rank('{{0.05, 0.2, 0.5, 1.0}}', t.title, (SELECT query FROM asked), 1)
           * CASE WHEN p.facets @> '{{in_stock}}' THEN 1.0 ELSE 0.7 END AS rank
    FROM candidates JOIN search.texts t USING (product_id) JOIN search.products p USING (product_id)
    WHERE {conditions}
    ORDER BY rank DESC, p.product_id LIMIT {number})
SELECT p.product_id, {card} FROM ranked p ORDER BY p.rank DESC, p.product_id"""
