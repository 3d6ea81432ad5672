"""Pinned products: those that staff put first for a query, where they meet what else was asked for."""

from dataclasses import replace

from bottega.platform.database.pool import Connection
from bottega.retrieval.fusion import Scored
from bottega.shop.catalogue.listing import Conditions
from bottega.shop.catalogue.product_ranking import Ranked
from bottega.shop.catalogue.search_reading import Reading
from bottega.shop.catalogue.search_records import SearchRequest
from bottega.shop.catalogue.tuning import pins_of, query_key


async def pinned_first(connection: Connection, request: SearchRequest, reading: Reading, ranked: Ranked) -> Ranked:
    """The same products with the pinned ones in front, in the order of the pins.

    A pin is for the query as it was typed, or for the words that are left of a sentence beside its constraints, which
    hold for pinned products as well. Another order than by relevance is left as it was asked for.
    """
    if request.sort != "relevance" or reading.form.sort is not None:
        return ranked
    wanted = await _wanted(connection, request, reading)
    if not wanted:
        return ranked
    narrowing = reading.narrowing
    conditions = Conditions([narrowing.condition], list(narrowing.values))
    ids = conditions.parameter(list(wanted))
    rows = await connection.fetch(
        f"SELECT coalesce(p.document, 0) AS document{narrowing.selected} FROM {narrowing.source} "
        f"WHERE {conditions} AND p.product_id = ANY ({ids}::text[]) "
        f"ORDER BY array_position({ids}::text[], p.product_id)",
        *conditions.values,
    )
    found = [Scored(row["document"], 0.0, 0.0, 0.0, None, None, None, 0, row) for row in rows]
    pinned = frozenset(one.row["product_id"] for one in found)
    # With its signals where it was found anyway.
    known = {one.row["product_id"]: one for one in ranked.found if one.row["product_id"] in pinned}
    front = [known.get(one.row["product_id"], one) for one in found]
    others = [one for one in ranked.found if one.row["product_id"] not in pinned]
    total = ranked.total + (len(found) - len(known) if ranked.total_is_exact else 0)
    return replace(ranked, found=[*front, *others], total=max(total, len(front) + len(others)), pinned=pinned)


async def _wanted(connection: Connection, request: SearchRequest, reading: Reading) -> tuple[str, ...]:
    pins = request.tuning.pins
    typed, left = query_key(request.text), query_key(reading.form.ranking_words)
    if typed in pins:
        return pins[typed]
    if not reading.form.constraints or not left:
        return ()
    if left in pins:
        return pins[left]
    # What is left stands in one piece in most sentences, and was looked up with the rest; here something stood between.
    return () if f" {left} " in f" {typed} " else await pins_of(connection, reading.form.ranking_words)
