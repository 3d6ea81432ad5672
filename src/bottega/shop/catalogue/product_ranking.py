"""Ranking products for a sentence: the weights, what else counts in a shop, and the order that is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from bottega.platform.database.pool import Connection, plan_for_any, plan_for_values
from bottega.ports.embedder import Embedder
from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.counting import count
from bottega.retrieval.fusion import Scored, Weights
from bottega.retrieval.narrowing import Narrowing
from bottega.retrieval.search import Searcher
from bottega.shop.catalogue.constraint_conditions import matching_variants
from bottega.shop.catalogue.listing import Conditions
from bottega.shop.catalogue.product_documents import PRODUCTS
from bottega.shop.catalogue.search_fitting import LEAST_COVERAGE_SHARE, any_has, fitting
from bottega.shop.catalogue.search_reading import COLUMNS, SELLS, Reading
from bottega.shop.catalogue.search_records import SearchRequest
from bottega.shop.catalogue.signs import signs
from bottega.shop.catalogue.understanding.model import CategoryIs, Constraint, SortWish

# Fitted on the open grades, the file of this SHA-256, by `benchmarks/search_quality.py`; see docs/search.md.
FITTED_ON = "d7e2995f97427daf19764da78d2bcd6931403b3b0013375dfa461a391b7d12da"
WEIGHTS = Weights(keyword=2.0, meaning=1.0, flatness=60.0, coverage=0.4, least_cosine=0.3)
# What cannot be bought now stands behind what can, unless it is much better.
OUT_OF_STOCK_SHARE = 0.7
# So does what is only kept among things of the kind that is asked for behind what is called so.
NOT_CALLED_SO_SHARE = 0.8
# How deep a search can be paged.
DEEPEST_RESULT = 400
# Another order than by relevance is made among so many of the best.
MOST_SORTED = 1_000


@dataclass(frozen=True, slots=True)
class Ranked:
    """Products with their signals, the best first; at least `total` were found."""

    found: list[Scored]
    query: KeywordQuery
    total: int
    total_is_exact: bool
    degraded: dict[str, str] = field(default_factory=dict[str, str])
    # Words of the sentence that nothing has of what meets its constraints.
    unmatched: str = ""
    # Products that staff put first, and what products gained of their score by the shopper's own taste.
    pinned: frozenset[str] = frozenset()
    gains: Mapping[str, float] = field(default_factory=dict[str, float])


async def ranked_products(
    connection: Connection,
    request: SearchRequest,
    reading: Reading,
    now: datetime,
    embedder: Embedder | None,
    number: int,
) -> Ranked:
    """The best `number` products for what was read, where there are so many; a greater number only adds at the end."""
    wish = _wished_order(request, reading)
    if wish is not None:
        return await _sorted(connection, request, reading, now, embedder, wish)
    form = reading.form
    ranked = await _by_words(connection, request, reading, embedder, number)
    if not form.constraints or len(ranked.found) >= number or (form.words.strip() and ranked.found):
        return ranked
    # The constraints say everything: what meets them without having their words in its texts belongs here too.
    besides = {one.row["product_id"] for one in ranked.found}
    narrowing = await count(connection, reading.narrowing)
    rest = await _listed(connection, narrowing, _BY_STANDING, max(number, DEEPEST_RESULT + 1))
    found = [*ranked.found, *(one for one in rest if one.row["product_id"] not in besides)]
    return Ranked(
        found, ranked.query, len(found), len(rest) <= DEEPEST_RESULT, ranked.degraded, form.words if found else ""
    )


async def _by_words(
    connection: Connection, request: SearchRequest, reading: Reading, embedder: Embedder | None, number: int
) -> Ranked:
    form = reading.form
    narrowing = reading.narrowing
    text = f"{form.ranking_words} {form.like}".strip() if form.constraints else (form.ranking_words or form.text)
    searcher = Searcher(PRODUCTS, WEIGHTS, search_plainly, embedder)
    searched = await searcher.search(connection, text, narrowing, number, synonyms=request.tuning.synonyms)
    constrained = bool(form.constraints)
    called = await _called_so(connection, form.constraints, searched.found)

    def standing(one: Scored) -> float:
        share = 1.0 if one.row["in_stock"] else OUT_OF_STOCK_SHARE
        return -one.score * share * (1.0 if called is None or one.row["product_id"] in called else NOT_CALLED_SO_SHARE)

    found = sorted(searched.found, key=standing)
    kept = fitting(found, searched, form.words, spoken=form.spoken or constrained, constrained=constrained)
    all_fit = len(kept) == len(found)
    found = kept
    if narrowing.is_wide and all_fit:
        total, exact = max(searched.considered, len(found)), searched.complete
    else:
        total, exact = len(found), len(searched.found) < number or not all_fit
    unmatched = form.words if found and constrained and not any_has(found, searched, form.words) else ""
    return Ranked(found, searched.query, total, exact, dict(searched.degraded), unmatched)


async def _called_so(
    connection: Connection, constraints: Sequence[Constraint], found: Sequence[Scored]
) -> frozenset[str] | None:
    """Which of these have the name of the kind that is asked for in their title; None where none is asked for."""
    names = [name.split("+") for known in constraints if isinstance(known, CategoryIs) for name in known.called]
    if not names or not found:
        return None
    values: list[object] = [[one.row["product_id"] for one in found], *(signs("trait", name) for name in names)]
    held = " OR ".join(f"p.signs @> ${place}::bigint[]" for place in range(2, len(names) + 2))
    rows = await connection.fetch(
        f"SELECT product_id FROM search.products p WHERE product_id = ANY ($1::text[]) AND ({held})", *values
    )
    return frozenset(row["product_id"] for row in rows)


def _wished_order(request: SearchRequest, reading: Reading) -> SortWish | None:
    """The order that was chosen, else the one that was said; None for the one by relevance."""
    if request.sort == "relevance":
        return reading.form.sort
    # By title nobody asks in words; `_sorted` looks at the request for that.
    return SortWish("newest" if request.sort == "title" else request.sort, "")


async def _sorted(
    connection: Connection,
    request: SearchRequest,
    reading: Reading,
    now: datetime,
    embedder: Embedder | None,
    wish: SortWish,
) -> Ranked:
    """All that meets the sentence, in the order that it asks for; words that are left still rule out."""
    form = reading.form
    ranked = Ranked([], KeywordQuery(), 0, True)
    narrowing = reading.narrowing
    conditions = Conditions([narrowing.condition], list(narrowing.values))
    known: dict[str, Scored] = {}
    if form.words.strip() or not form.constraints:
        ranked = await _by_words(connection, request, reading, embedder, MOST_SORTED)
        fitting = ranked.found if form.constraints else _best_covered(ranked.found)
        known = {one.row["product_id"]: one for one in fitting}
        conditions.texts.append(f"p.product_id = ANY ({conditions.parameter(list(known))}::text[])")
    order = _TITLE_ORDER if request.sort == "title" else _order(wish, conditions)
    narrowed = Narrowing(narrowing.source, narrowing.document, str(conditions), tuple(conditions.values), COLUMNS)
    listed = await _listed(connection, narrowed, f"{order}, p.product_id", MOST_SORTED)
    if wish.order in ("price", "-price"):
        listed = await _by_own_price(connection, reading, listed, now, descending=wish.order == "-price")
    found = [known.get(one.row["product_id"], one) for one in listed]
    return Ranked(found, ranked.query, len(found), len(found) < MOST_SORTED and ranked.total_is_exact, ranked.degraded)


def _best_covered(found: list[Scored]) -> list[Scored]:
    """The products with the most of the words: another order must not bring up what hardly fits."""
    best = max((one.coverage for one in found), default=0.0)
    return [one for one in found if one.coverage >= best * LEAST_COVERAGE_SHARE - 1e-9]


async def _listed(connection: Connection, narrowing: Narrowing, order: str, number: int) -> list[Scored]:
    """Products under a condition, in an order, without any signal of words."""
    met = f"{narrowing.source} WHERE {narrowing.condition}"
    if narrowing.known is not None:
        # Those that are known to be few are sorted: an index in this order would be walked to its end to find them.
        met = f"(SELECT p.* FROM {met} OFFSET 0) AS p"
    await plan_for_values(connection)
    rows = await connection.fetch(
        f"SELECT coalesce(p.document, 0) AS document{narrowing.selected} FROM {met} "
        f"ORDER BY {order} LIMIT {int(number)}",
        *narrowing.values,
    )
    await plan_for_any(connection)
    return [Scored(row["document"], 0.0, 0.0, 0.0, None, None, None, 0, row) for row in rows]


_BY_STANDING = f"{SELLS} DESC, p.reviews DESC, p.rating DESC NULLS LAST, p.product_id DESC"
_TITLE_ORDER = "p.title_key"


def _order(wish: SortWish, conditions: Conditions) -> str:
    match wish.order:
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
            highest = wish.order == "highest_number"
            names = conditions.parameter(list(wish.numbers))
            number = (
                f"SELECT {'max' if highest else 'min'}(n.value) FROM search.numbers n "
                f"WHERE n.product_id = p.product_id AND n.name = ANY ({names}::text[])"
            )
            return f"({number}) {'DESC' if highest else 'ASC'} NULLS LAST"
        case _:
            assert_never(wish.order)


async def _by_own_price(
    connection: Connection, reading: Reading, found: list[Scored], now: datetime, *, descending: bool
) -> list[Scored]:
    """In the order of what the variants cost that meet the constraints, where some do not."""
    form = reading.form
    ids = [one.row["product_id"] for one in found]
    variants = await matching_variants(connection, ids, form.constraints, form.currency, now)

    def price(one: Scored) -> int:
        own = variants.get(one.row["product_id"], ())
        return min((variant.price_minor for variant in own), default=one.row["price_minor"])

    return sorted(found, key=price, reverse=descending)


async def search_plainly(
    connection: Connection, words: Sequence[str], narrowing: Narrowing, number: int
) -> list[Scored]:
    """Published products with the words in their title, brand or description, looked through one by one: for when the
    postings are lost. Those with more of the words come first."""
    values = list(narrowing.values)
    first = len(values)
    held = " + ".join(
        f"(s.title || ' ' || s.brand || ' ' || s.description ILIKE ${first + place})::int"
        for place in range(1, len(words) + 1)
    )
    values += [f"%{word.replace('%', '').replace('_', '')}%" for word in words]
    rows = await connection.fetch(
        f"SELECT * FROM (SELECT coalesce(p.document, 0) AS document, {held} AS held{narrowing.selected} "
        f"FROM {narrowing.source} JOIN shop.products s ON s.id = p.product_id WHERE {narrowing.condition}) AS found "
        f"WHERE held > 0 ORDER BY held DESC, product_id LIMIT {int(number)}",
        *values,
    )
    return [
        Scored(row["document"], row["held"] / len(words), 0.0, row["held"] / len(words), None, None, None, 0, row)
        for row in rows
    ]
