"""Searching products: the one query path of shoppers, staff, the command line and agents."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

import asyncpg

from bottega.kernel.errors import Invalid
from bottega.platform.database.pool import Connection
from bottega.ports.embedder import Embedder
from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.fusion import Scored
from bottega.shop.catalogue.did_you_mean import did_you_mean
from bottega.shop.catalogue.listing import card_column
from bottega.shop.catalogue.pinning import pinned_first
from bottega.shop.catalogue.product_ranking import DEEPEST_RESULT, Ranked, ranked_products
from bottega.shop.catalogue.search_facets import MOST_COUNTED, facets_of
from bottega.shop.catalogue.search_notes import SearchNoted, SearchNotes
from bottega.shop.catalogue.search_reading import Reading, met_readings, read_as_words, read_sentence
from bottega.shop.catalogue.search_records import Explanation, SearchPage, SearchRequest, SearchSort
from bottega.shop.catalogue.taste import by_taste
from bottega.shop.catalogue.tuning import tuning_of
from bottega.shop.catalogue.understanding.model import BrandIs, CategoryIs, Correction, SortWish
from bottega.shop.catalogue.vocabulary_store import with_tuning

# So many weaker forms of a sentence are looked through for its words.
MOST_TRIED_FOR_WORDS = 6
# A form without the kind of thing is worth taking only where something has all of the words.
NEARLY_ALL = 0.99
CONSTRAINTS_LOST = "What constraints are held against is being written anew; until then they are searched for as words."


async def search_products(
    connection: Connection,
    request: SearchRequest,
    now: datetime,
    *,
    embedder: Embedder | None,
    notes: SearchNotes | None = None,
) -> SearchPage:
    """A page of products, the best first, with what was understood, what was relaxed, and what was not searched by.

    What the sentence constrains holds for everything found; the words that it leaves rank, together with its meaning.
    `embedder` is None where search goes by keyword alone; `notes` counts what shoppers search for. Raises
    `NoSuchProduct` for an unknown `shown`.
    """
    skipped = _skipped(request.after)
    end = min(skipped + request.limit, DEEPEST_RESULT)
    number = MOST_COUNTED if request.facets else end + 1
    request, reading, ranked = await _read_and_rank(connection, request, now, embedder, number)
    ranked = await by_taste(connection, request, reading, ranked)
    ranked = await pinned_first(connection, request, reading, ranked)
    if notes is not None and not skipped:
        notes.searched(_noted(request, reading, ranked))
    shown = ranked.found[skipped:end]
    currency = reading.form.currency
    cards = await _cards(connection, [one.row["product_id"] for one in shown], currency, now)
    shown = [one for one in shown if one.row["product_id"] in cards]
    return SearchPage(
        cards=[cards[one.row["product_id"]] for one in shown],
        product_ids=tuple(one.row["product_id"] for one in shown),
        next_position=str(end) if len(ranked.found) > end and end < DEEPEST_RESULT else None,
        total=ranked.total,
        total_is_exact=ranked.total_is_exact,
        constraints=reading.form.constraints,
        removed=reading.asked.removed,
        relaxed=replace(reading.relaxed, words=ranked.unmatched),
        sort=_sort_shown(request, reading.form.sort),
        sort_wish=reading.form.sort if request.sort == "relevance" else None,
        corrections=_corrections(reading.asked.corrections, ranked.query),
        did_you_mean=None if skipped else await _other_spelling(connection, request, reading, ranked),
        personal=bool(ranked.gains),
        degraded=ranked.degraded,
        facets=await facets_of(connection, ranked.found, currency) if request.facets else None,
        explanations=tuple(_explanation(one, ranked, reading) for one in shown) if request.explain else None,
    )


async def _read_and_rank(
    connection: Connection, request: SearchRequest, now: datetime, embedder: Embedder | None, number: int
) -> tuple[SearchRequest, Reading, Ranked]:
    """The request with how staff tuned the search for it, what it was read as, and what was found."""
    if request.understands:
        try:
            vocabulary, stamp, tuning = await with_tuning(connection, request.text)
            request = replace(request, tuning=tuning)
            reading = await read_sentence(connection, request, vocabulary, stamp, now)
            ranked = await ranked_products(connection, request, reading, now, embedder, number)
            return request, *await _with_its_words(connection, request, now, embedder, number, (reading, ranked))
        except asyncpg.UndefinedTableError:
            # Tables that constraints are held against are gone: words still answer, and they are made again.
            reason = {"constraints": CONSTRAINTS_LOST}
    else:
        reason = {}
    request = replace(request, tuning=await tuning_of(connection, request.text))
    reading = read_as_words(request)
    ranked = await ranked_products(connection, request, reading, now, embedder, number)
    ranked.degraded.update(reason)
    return request, reading, ranked


async def _with_its_words(
    connection: Connection,
    request: SearchRequest,
    now: datetime,
    embedder: Embedder | None,
    number: int,
    first: tuple[Reading, Ranked],
) -> tuple[Reading, Ranked]:
    """What was found; where that has none of the words, which name the thing, then the strictest form that has some."""
    asked = first[0].asked
    # A few words alone may be the name of a thing as a whole: of "usb battery" no battery has "usb".
    only_kind = not asked.spoken and all(isinstance(known, CategoryIs) for known in asked.constraints)
    if not first[1].unmatched or not (asked.names_thing or only_kind):
        return first
    tried = 0
    async with aclosing(met_readings(connection, request, first[0])) as readings:
        async for reading in readings:
            if len(reading.form.constraints) == len(first[0].form.constraints) or _gives_up_brand(reading):
                continue
            # Whether it has the words, words alone tell.
            ranked = await ranked_products(connection, request, reading, now, None, number)
            has_all = max((one.coverage for one in ranked.found), default=0.0) > NEARLY_ALL
            if has_all or (asked.names_thing and ranked.found and not ranked.unmatched):
                return reading, await ranked_products(connection, request, reading, now, embedder, number)
            tried += 1
            if tried == MOST_TRIED_FOR_WORDS:
                break
    return first


def _gives_up_brand(reading: Reading) -> bool:
    """Whether a name is given up that was plainly said, which no other word is worth."""
    return any(isinstance(known, BrandIs) and not known.negated for known in reading.relaxed.dropped)


def _sort_shown(request: SearchRequest, wish: SortWish | None) -> SearchSort:
    """The order that was chosen, else the one that was said; an order by a number has no name to choose it by."""
    if request.sort != "relevance" or wish is None:
        return request.sort
    match wish.order:
        case "price" | "-price" | "rating" | "newest" | "popular":
            return wish.order
        case "lowest_number" | "highest_number":
            return "relevance"


def _corrections(read: Sequence[Correction], query: KeywordQuery) -> tuple[Correction, ...]:
    return tuple(dict.fromkeys([*read, *(Correction(one.said, one.read) for one in query.corrections)]))


def _explanation(one: Scored, ranked: Ranked, reading: Reading) -> Explanation:
    query = ranked.query
    return Explanation(
        product_id=one.row["product_id"],
        score=one.score,
        bm25=one.bm25,
        keyword_rank=one.keyword_rank,
        coverage=one.coverage,
        words=tuple(query.words_of(one.bits)),
        missing=tuple(query.words_of(~one.bits)),
        cosine=one.cosine,
        meaning_rank=one.meaning_rank,
        in_stock=one.row["in_stock"],
        constraints=tuple(constraint.stated.label for constraint in reading.form.constraints),
        pinned=one.row["product_id"] in ranked.pinned,
        personal_gain=ranked.gains.get(one.row["product_id"], 0.0),
    )


async def _cards(connection: Connection, product_ids: Sequence[str], currency: str, now: datetime) -> dict[str, str]:
    if not product_ids:
        return {}
    rows = await connection.fetch(
        f"SELECT p.product_id, {card_column('$3')} FROM search.products p "
        "WHERE p.currency = $2 AND p.product_id = ANY ($1::text[])",
        list(product_ids),
        currency,
        now,
    )
    return {row["product_id"]: row["card"] for row in rows if row["card"] is not None}


def _skipped(after: str) -> int:
    if after and not (after.isdecimal() and len(after) < 6):
        raise Invalid("bad_cursor", "This cursor belongs to another list.", next_step="Begin without a cursor.")
    return min(int(after or 0), DEEPEST_RESULT)


async def _other_spelling(
    connection: Connection, request: SearchRequest, reading: Reading, ranked: Ranked
) -> str | None:
    if "keyword" in ranked.degraded:
        return None
    total = len(ranked.found) if ranked.total_is_exact else ranked.total
    return await did_you_mean(connection, request.text, ranked.query, total, reading.narrowing)


def _noted(request: SearchRequest, reading: Reading, ranked: Ranked) -> SearchNoted:
    relaxed = bool(reading.relaxed.dropped or reading.relaxed.widened)
    query = ranked.query
    answered = 0
    for term in query.terms:
        answered |= term.bits
    every_word = (1 << len(query.words)) - 1
    is_known = answered & every_word == every_word and not ranked.unmatched and "keyword" not in ranked.degraded
    is_corrected = bool(_corrections(reading.asked.corrections, query))
    return SearchNoted(
        request.text,
        ranked.total,
        relaxed=relaxed,
        complete=ranked.total > 0 and is_known and not relaxed and not is_corrected,
    )
