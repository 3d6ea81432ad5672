"""Keyword search over published products: every term first, fewer of them when that finds too little."""

from datetime import datetime

from bottega.kernel.errors import Invalid
from bottega.platform.database.pool import Connection, Row
from bottega.retrieval.keyword import query_of
from bottega.shop.catalogue.listing import CardPage, Conditions, Filters, card_column

# So many products are ranked at most, of those with the terms in the title and of the others; never every match.
MOST_CANDIDATES = 500
# How deep a search can be paged.
DEEPEST_RESULT = 400
# Products ranked beyond those shown, so that what is in stock can still move up.
SPARE_RESULTS = 40


async def search_products(
    connection: Connection, text: str, filters: Filters, now: datetime, *, after: str = "", limit: int = 20
) -> CardPage:
    """A page of cards, the best first. Products that have all words come before those that have some of them."""
    skipped = _skipped(after)
    wanted = min(skipped + limit, DEEPEST_RESULT) + 1
    found: dict[str, Row] = {}
    for stage in query_of(text).stages:
        for row in await _ranked(connection, stage, filters, now, wanted + len(found)):
            found.setdefault(row["product_id"], row)
        if len(found) >= wanted:
            break
    rows = list(found.values())
    shown = rows[skipped : min(skipped + limit, DEEPEST_RESULT)]
    cards = [row["card"] for row in shown if row["card"] is not None]
    more_follow = len(rows) > skipped + limit and skipped + limit < DEEPEST_RESULT
    return CardPage(cards, str(skipped + limit) if more_follow else None)


async def _ranked(connection: Connection, query: str, filters: Filters, now: datetime, number: int) -> list[Row]:
    if not filters.are_wide:
        return await _fetched(connection, query, filters, now, number, narrowed=True)
    rows = await _fetched(connection, query, filters, now, number, narrowed=False)
    # Where nothing narrows, all that matches is taken to have a price in the currency; some of it had none.
    if len(rows) < number and (not rows or rows[0]["considered"] > len(rows)):
        return await _fetched(connection, query, filters, now, number, narrowed=True)
    return rows


async def _fetched(
    connection: Connection, query: str, filters: Filters, now: datetime, number: int, *, narrowed: bool
) -> list[Row]:
    conditions = Conditions()
    asked = conditions.parameter(query)
    card = card_column(conditions.parameter(now))
    wanted = conditions.parameter(number)
    conditions.narrow(filters)
    statement = _RANKED.format(
        asked=asked,
        most=MOST_CANDIDATES,
        joined="JOIN search.products p USING (product_id)" if narrowed else "",
        narrowed=f"AND {conditions}" if narrowed else "",
        spare=f"{wanted} + {SPARE_RESULTS}",
        wanted=wanted,
        card=card,
        conditions=conditions,
    )
    return await connection.fetch(statement, *conditions.values)


def _skipped(after: str) -> int:
    if after and not (after.isdecimal() and len(after) < 6):
        raise Invalid("bad_cursor", "This cursor belongs to another list.", next_step="Begin without a cursor.")
    return min(int(after or 0), DEEPEST_RESULT)


# Titles are looked at first; the other words of products only when titles alone do not give enough. Rank: how well the
# title matches (PostgreSQL's ts_rank; weights of D, C, B, A; long titles a little behind), then what is in stock.
_RANKED = """
WITH asked AS MATERIALIZED (SELECT {asked}::tsquery AS query),
titled AS MATERIALIZED (
    SELECT t.product_id, ts_rank('{{0.05, 0.2, 0.5, 1.0}}', t.title, (SELECT query FROM asked), 1) AS rank
    FROM search.texts t {joined}
    WHERE t.title @@ (SELECT query FROM asked) {narrowed}
    LIMIT {most}),
others AS (
    SELECT t.product_id, ts_rank('{{0.05, 0.2, 0.5, 1.0}}', t.title, (SELECT query FROM asked), 1) * 0.5 AS rank
    FROM search.texts t {joined}
    WHERE t.body @@ (SELECT query FROM asked) AND NOT t.title @@ (SELECT query FROM asked) {narrowed}
    LIMIT CASE WHEN (SELECT count(*) FROM titled) >= {wanted} THEN 0 ELSE {most} END),
best AS (
    SELECT product_id, rank FROM (SELECT * FROM titled UNION ALL SELECT * FROM others) AS candidates
    ORDER BY rank DESC, product_id LIMIT {spare})
SELECT p.product_id, (SELECT count(*) FROM best) AS considered, {card}
FROM best JOIN search.products p USING (product_id)
WHERE {conditions}
ORDER BY best.rank * CASE WHEN p.facets @> '{{in_stock}}' THEN 1.0 ELSE 0.7 END DESC, p.product_id
LIMIT {wanted}"""
