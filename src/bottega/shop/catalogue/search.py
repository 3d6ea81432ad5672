"""Searching products: the one query path of shoppers, staff, the command line and agents."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from bottega.kernel.errors import Invalid
from bottega.platform.database.pool import Connection
from bottega.ports.embedder import Embedder
from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.fusion import Scored
from bottega.retrieval.search import Searcher
from bottega.shop.catalogue.constraint_conditions import conditions_of
from bottega.shop.catalogue.listing import Conditions, card_column
from bottega.shop.catalogue.product_documents import PRODUCTS
from bottega.shop.catalogue.product_ranking import (
    MOST_SORTED,
    WEIGHTS,
    listed,
    narrowing_of,
    search_plainly,
    sorted_by,
    sorted_by_number,
    with_stock,
)
from bottega.shop.catalogue.search_facets import facets_of
from bottega.shop.catalogue.search_records import Explanation, Relaxed, SearchPage, SearchRequest, SearchSort
from bottega.shop.catalogue.shown_product import shown_product
from bottega.shop.catalogue.understanding.model import Correction, Relaxation, ShownProduct, Understanding
from bottega.shop.catalogue.understanding.read import understand
from bottega.shop.catalogue.understanding.relaxing import relaxations
from bottega.shop.catalogue.vocabulary_store import VocabularyCache

# How deep a search can be paged.
DEEPEST_RESULT = 400
# So many weaker forms of a sentence are tried before the answer is that there is nothing.
MOST_RELAXATIONS = 16
REMEMBERED_SENTENCES = 2_000


@dataclass(frozen=True, slots=True)
class _Found:
    """What one form of the sentence led to."""

    ranked: list[Scored]
    query: KeywordQuery
    total: int
    total_is_exact: bool
    degraded: dict[str, str]


class ProductSearch:
    """What one process keeps for searching products; `embedder` is None where search goes by keyword alone."""

    def __init__(self, embedder: Embedder | None) -> None:
        self._searcher = Searcher(PRODUCTS, WEIGHTS, search_plainly, embedder)
        self._vocabulary = VocabularyCache()
        self._understood: OrderedDict[tuple[object, ...], Understanding] = OrderedDict()

    async def search(self, connection: Connection, request: SearchRequest, now: datetime) -> SearchPage:
        """A page of products, the best first, with what was understood, what was relaxed, and what was not searched."""
        skipped = _skipped(request.after)
        end = min(skipped + request.limit, DEEPEST_RESULT)
        read = await self._read(connection, request, now)
        sort = _sort_of(request, read)
        chosen, relaxed, found = await self._first_that_finds(connection, request, read, sort, end + 1)
        shown = found.ranked[skipped:end]
        product_ids = [one.row["product_id"] for one in shown]
        cards = await _cards(connection, product_ids, request.filters.currency, now)
        more_follow = len(found.ranked) > end and end < DEEPEST_RESULT
        return SearchPage(
            cards=[cards[product_id] for product_id in product_ids if product_id in cards],
            product_ids=tuple(product_id for product_id in product_ids if product_id in cards),
            next_position=str(end) if more_follow else None,
            total=found.total,
            total_is_exact=found.total_is_exact,
            constraints=chosen.constraints,
            removed=read.removed,
            relaxed=relaxed,
            sort=sort,
            sort_wish=read.sort if request.sort == "relevance" else None,
            corrections=_corrections(read, found),
            degraded=found.degraded,
            facets=await facets_of(connection, found.ranked, request.filters.currency) if request.facets else None,
            explanations=tuple(_explanation(one, found.query, chosen) for one in shown) if request.explain else None,
        )

    async def _read(self, connection: Connection, request: SearchRequest, now: datetime) -> Understanding:
        """The sentence read with what the catalogue knows; the same sentence is read once."""
        currency = request.filters.currency
        if not request.understands:
            return Understanding(request.text, request.text, request.text, currency)
        vocabulary = await self._vocabulary.current(connection)
        shown: ShownProduct | None = None
        if request.shown is not None:
            shown = await shown_product(connection, request.shown, currency, now)
            return understand(request.text, vocabulary, currency=currency, shown=shown, without=request.without)
        key = (vocabulary.version, currency, request.without, request.text)
        read = self._understood.get(key)
        if read is None:
            read = understand(request.text, vocabulary, currency=currency, without=request.without)
            self._understood[key] = read
            while len(self._understood) > REMEMBERED_SENTENCES:
                self._understood.popitem(last=False)
        return read

    async def _first_that_finds(
        self, connection: Connection, request: SearchRequest, read: Understanding, sort: SearchSort, number: int
    ) -> tuple[Understanding, Relaxed, _Found]:
        """The sentence as it is, else the first weaker form of it that anything meets."""
        first: _Found | None = None
        for form, relaxed in _forms(read):
            found = await self._find(connection, request, form, sort, number)
            first = first or found
            if found.ranked:
                return form, relaxed, found
        assert first is not None, "the sentence itself is the first form"
        return read, Relaxed(), first

    async def _find(
        self, connection: Connection, request: SearchRequest, form: Understanding, sort: SearchSort, number: int
    ) -> _Found:
        conditions = Conditions()
        conditions.narrow(request.filters)
        conditions_of(form.constraints, form.currency, conditions)
        narrowing = narrowing_of(conditions, is_wide=request.filters.are_wide and not form.constraints)
        by_number = form.sort is not None and form.sort.order in ("lowest_number", "highest_number")
        deep = MOST_SORTED if sort != "relevance" or by_number else number
        if not form.ranking_words.strip():
            ranked = await listed(connection, narrowing, sort, MOST_SORTED)
            query, degraded, considered, complete = KeywordQuery(), {}, len(ranked), len(ranked) < MOST_SORTED
        else:
            searched = await self._searcher.search(connection, form.ranking_words, narrowing, deep)
            ranked = with_stock(searched.found)
            query, degraded, considered, complete = (
                searched.query,
                searched.degraded,
                searched.considered,
                searched.complete,
            )
            if sort != "relevance":
                ranked = sorted_by(ranked, sort)
        if by_number and form.sort is not None:
            fitting = sorted_by(ranked, "popular") if form.ranking_words.strip() else ranked
            highest = form.sort.order == "highest_number"
            ranked = await sorted_by_number(connection, fitting, form.sort.numbers, highest=highest)
        if narrowing.is_wide and sort == "relevance":
            return _Found(ranked, query, max(considered, len(ranked)), complete, degraded)
        return _Found(ranked, query, len(ranked), len(ranked) < deep, degraded)


def _forms(read: Understanding) -> Iterator[tuple[Understanding, Relaxed]]:
    """The sentence, its weaker forms, and at last its constraints without the words."""
    yield read, Relaxed()
    for weaker in islice(relaxations(read), MOST_RELAXATIONS):
        yield weaker.understanding, _relaxed(weaker)
    if read.constraints and read.words.strip():
        unsaid = replace(read, words="", ranking_words="")
        yield unsaid, Relaxed(words=read.words)
        for weaker in islice(relaxations(unsaid), MOST_RELAXATIONS):
            yield weaker.understanding, _relaxed(weaker, read.words)


def _relaxed(weaker: Relaxation, words: str = "") -> Relaxed:
    return Relaxed(weaker.dropped, weaker.widened, words)


def _sort_of(request: SearchRequest, read: Understanding) -> SearchSort:
    """The order that was chosen, else the one that was said; orders by a number are made apart."""
    if request.sort != "relevance" or read.sort is None:
        return request.sort
    match read.sort.order:
        case "price" | "-price" | "rating" | "newest" | "popular":
            return read.sort.order
        case "lowest_number" | "highest_number":
            return "relevance"


def _corrections(read: Understanding, found: _Found) -> tuple[Correction, ...]:
    more = (Correction(one.said, one.read) for one in found.query.corrections)
    return tuple(dict.fromkeys([*read.corrections, *more]))


def _explanation(one: Scored, query: KeywordQuery, form: Understanding) -> Explanation:
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
        constraints=tuple(constraint.stated.label for constraint in form.constraints),
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
