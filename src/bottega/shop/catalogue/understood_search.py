"""Searching by a sentence: what it constrains holds, what it leaves ranks, and what nothing meets is relaxed aloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import assert_never

import asyncpg

from bottega.platform.database.pool import Connection, Row
from bottega.ports.embedder import Embedder
from bottega.retrieval.analysis import words_of
from bottega.retrieval.asked import Correction, KeywordQuery
from bottega.retrieval.fusion import Scored
from bottega.retrieval.narrowing import Narrowing
from bottega.retrieval.search import Searched, Searcher
from bottega.shop.catalogue import vocabulary_store
from bottega.shop.catalogue.constraint_conditions import MatchedVariant, conditions_of, matching_variants
from bottega.shop.catalogue.listing import Conditions, Filters
from bottega.shop.catalogue.product_documents import PRODUCTS
from bottega.shop.catalogue.search import DEEPEST_RESULT, OUT_OF_STOCK_SHARE, WEIGHTS, search_plainly
from bottega.shop.catalogue.shown_product import shown_product
from bottega.shop.catalogue.understanding.model import Constraint, Relaxation, SortWish, Understanding
from bottega.shop.catalogue.understanding.read import understand
from bottega.shop.catalogue.understanding.relaxing import relaxations

# Where a sentence constrains, what is shown has that share of the words that the best has, of those it leaves.
LEAST_COVERAGE_SHARE = 2 / 3
MOST_RELAXATIONS = 40

CONSTRAINTS_LOST = "What constraints are held against is being written anew; until then they are searched by as words."


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: a sentence, filters chosen beside it, and what was said about it before."""

    text: str
    filters: Filters
    without: frozenset[str] = frozenset()
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """What a sentence was searched as: the reading of it, and the form of it that something met."""

    asked: Understanding
    relaxation: Relaxation
    removed: tuple[Constraint, ...] = ()

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The constraints that hold for everything found."""
        return self.relaxation.understanding.constraints

    @property
    def currency(self) -> str:
        return self.asked.currency


@dataclass(frozen=True, slots=True)
class Found:
    """Products that meet what was understood, the best first, with the signals they were ranked by where words did."""

    product_ids: list[str]
    understood: Understood
    scored: dict[str, Scored]
    query: KeywordQuery
    total: int
    total_is_exact: bool
    corrections: tuple[Correction, ...] = ()
    degraded: dict[str, str] = field(default_factory=dict[str, str])


async def search_understood(
    connection: Connection, asked: Asked, embedder: Embedder | None, now: datetime, *, number: int
) -> Found:
    """The best `number` products for a sentence."""
    try:
        understood = await understand_here(connection, asked)
        return await _search(connection, understood, asked.filters, embedder, now, number)
    except asyncpg.UndefinedTableError:
        # Tables of the index are gone: words still answer, and the look after the index makes the rest again.
        plain = Understanding(asked.text, asked.text, asked.text, asked.filters.currency)
        understood = Understood(plain, Relaxation(plain, ()))
        found = await _by_words(connection, understood, asked.filters, embedder, number)
        found.degraded["constraints"] = CONSTRAINTS_LOST
        return found


async def understand_here(connection: Connection, asked: Asked) -> Understood:
    """A sentence read with this catalogue's vocabulary, relaxed as far as it takes to find something."""
    vocabulary = await vocabulary_store.current(connection)
    shown = await shown_product(connection, asked.shown, asked.filters.currency) if asked.shown else None
    understanding = understand(
        asked.text, vocabulary, currency=asked.filters.currency, shown=shown, without=asked.without
    )
    exact = Relaxation(understanding, ())
    if not understanding.constraints:
        return Understood(understanding, exact, understanding.removed)
    for place, relaxation in enumerate(chain([exact], relaxations(understanding))):
        if place > MOST_RELAXATIONS:
            break
        if await _anything(connection, relaxation.understanding, asked.filters):
            return Understood(understanding, relaxation, understanding.removed)
    return Understood(understanding, exact, understanding.removed)


async def variants_of(
    connection: Connection, understood: Understood, product_ids: Sequence[str], now: datetime
) -> dict[str, list[MatchedVariant]]:
    """The variants that meet the constraints by themselves, by product; empty where none is asked of variants."""
    return await matching_variants(connection, product_ids, understood.constraints, understood.currency, now)


async def _anything(connection: Connection, understanding: Understanding, filters: Filters) -> bool:
    conditions = _conditions(understanding, filters)
    return bool(
        await connection.fetchval(
            f"SELECT EXISTS (SELECT FROM search.products p WHERE {conditions})", *conditions.values
        )
    )


def _conditions(understanding: Understanding, filters: Filters) -> Conditions:
    conditions = Conditions()
    conditions.narrow(filters.in_currency(understanding.currency))
    conditions_of(understanding.constraints, understanding.currency, conditions)
    return conditions


async def _search(
    connection: Connection,
    understood: Understood,
    filters: Filters,
    embedder: Embedder | None,
    now: datetime,
    number: int,
) -> Found:
    form = understood.relaxation.understanding
    if form.sort is not None:
        return await _sorted(connection, understood, filters, embedder, now, number, form.sort)
    found = await _by_words(connection, understood, filters, embedder, number)
    if not form.constraints or len(found.product_ids) >= number or (form.words and found.product_ids):
        return found
    # The constraints say everything: what meets them without having their words in its texts belongs here too.
    rest = await _by_standing(connection, form, filters, number - len(found.product_ids), found.product_ids)
    ids = [*found.product_ids, *rest]
    return Found(ids, understood, found.scored, found.query, len(ids), True, found.corrections, found.degraded)


async def _by_words(
    connection: Connection, understood: Understood, filters: Filters, embedder: Embedder | None, number: int
) -> Found:
    form = understood.relaxation.understanding
    conditions = _conditions(form, filters)
    narrowing = Narrowing(
        "search.products p",
        "p.document",
        str(conditions),
        tuple(conditions.values),
        ("p.product_id", "p.facets @> '{in_stock}' AS in_stock"),
        is_wide=filters.are_wide and not form.constraints,
    )
    searcher = Searcher(PRODUCTS, WEIGHTS, search_plainly, embedder)
    text = form.ranking_words if form.constraints else (form.ranking_words or form.text)
    searched = await searcher.search(connection, text, narrowing, number)
    ranked = sorted(searched.found, key=lambda one: -_with_stock(one))
    if form.constraints:
        ranked = _near_the_best(ranked, searched, form.words)
    scored = {one.row["product_id"]: one for one in ranked}
    return Found(
        list(scored),
        understood,
        scored,
        searched.query,
        len(scored) if form.constraints else max(searched.considered, len(scored)),
        searched.complete,
        searched.query.corrections,
        dict(searched.degraded),
    )


def _with_stock(one: Scored) -> float:
    return one.score if one.row["in_stock"] else one.score * OUT_OF_STOCK_SHARE


def _near_the_best(ranked: list[Scored], searched: Searched, words: str) -> list[Scored]:
    """What has about as many of the words left over as the best has: "hdmi" of "hdmi cable under 5 m" is no mere hint."""
    left = {word.term for word in words_of(words)}
    if not left:
        return ranked
    places = [place for place, word in enumerate(searched.query.words) if any(w.term in left for w in words_of(word))]
    total = sum(searched.query.importance[place] for place in places)
    if total <= 0:
        return ranked

    def covered(one: Scored) -> float:
        return sum(searched.query.importance[place] for place in places if one.bits >> place & 1) / total

    best = max((covered(one) for one in ranked), default=0.0)
    return [one for one in ranked if covered(one) >= best * LEAST_COVERAGE_SHARE - 1e-9]


async def _by_standing(
    connection: Connection, form: Understanding, filters: Filters, number: int, besides: Sequence[str]
) -> list[str]:
    """Products that meet the constraints: in stock first, then the most and the best reviewed, then the newest."""
    conditions = _conditions(form, filters)
    known = conditions.parameter(list(besides))
    rows = await connection.fetch(
        f"SELECT p.product_id FROM search.products p WHERE {conditions} AND NOT p.product_id = ANY ({known}::text[]) "
        "ORDER BY p.facets @> '{in_stock}' DESC, p.reviews DESC, p.rating DESC NULLS LAST, p.product_id DESC "
        f"LIMIT {conditions.parameter(number)}",
        *conditions.values,
    )
    return [row["product_id"] for row in rows]


async def _sorted(
    connection: Connection,
    understood: Understood,
    filters: Filters,
    embedder: Embedder | None,
    now: datetime,
    number: int,
    sort: SortWish,
) -> Found:
    """All that meets the sentence, in the order that it asks for; words that are left still rule out."""
    form = understood.relaxation.understanding
    ranked: Found | None = None
    conditions = _conditions(form, filters)
    if form.words or not form.constraints:
        ranked = await _by_words(connection, understood, filters, embedder, DEEPEST_RESULT)
        conditions.texts.append(f"p.product_id = ANY ({conditions.parameter(ranked.product_ids)}::text[])")
    order = _order(sort, conditions)
    rows = await connection.fetch(
        f"SELECT p.product_id, p.price_minor FROM search.products p WHERE {conditions} "
        f"ORDER BY {order}, p.product_id LIMIT {conditions.parameter(DEEPEST_RESULT)}",
        *conditions.values,
    )
    ids = [row["product_id"] for row in rows]
    if sort.order in ("price", "-price"):
        ids = await _by_own_price(connection, understood, rows, now, descending=sort.order == "-price")
    scored = ranked.scored if ranked is not None else {}
    query = ranked.query if ranked is not None else KeywordQuery()
    corrections = ranked.corrections if ranked is not None else ()
    degraded = ranked.degraded if ranked is not None else {}
    return Found(ids[:number], understood, scored, query, len(ids), len(ids) < DEEPEST_RESULT, corrections, degraded)


def _order(sort: SortWish, conditions: Conditions) -> str:
    match sort.order:
        case "price":
            return "p.price_minor"
        case "-price":
            return "p.price_minor DESC"
        case "rating":
            return "p.rating DESC NULLS LAST, p.reviews DESC"
        case "newest":
            return "p.product_id DESC"
        case "popular":
            return "p.reviews DESC, p.rating DESC NULLS LAST"
        case "lowest_number" | "highest_number":
            highest = sort.order == "highest_number"
            names = conditions.parameter(list(sort.numbers))
            number = (
                f"SELECT {'max' if highest else 'min'}(n.value) FROM search.numbers n "
                f"WHERE n.product_id = p.product_id AND n.name = ANY ({names}::text[])"
            )
            return f"({number}) {'DESC' if highest else 'ASC'} NULLS LAST"
        case _:
            assert_never(sort.order)


async def _by_own_price(
    connection: Connection, understood: Understood, rows: Sequence[Row], now: datetime, *, descending: bool
) -> list[str]:
    """In the order of what the variants cost that meet the constraints, where some do not."""
    ids = [row["product_id"] for row in rows]
    variants = await variants_of(connection, understood, ids, now)
    prices = {
        row["product_id"]: min(
            (variant.price_minor for variant in variants.get(row["product_id"], ())), default=row["price_minor"]
        )
        for row in rows
    }
    return sorted(ids, key=lambda product_id: prices[product_id], reverse=descending)
