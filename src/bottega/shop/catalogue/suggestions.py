"""What a shopper may be about to type: past searches, words, brands, categories and products, by their beginning."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

import asyncpg
import orjson

from bottega.platform.database.pool import Connection, database_of
from bottega.retrieval import keyword
from bottega.retrieval.analysis import fold, words_of
from bottega.retrieval.completion import NOTHING_BEGUN, Begun, begin
from bottega.retrieval.narrowing import Narrowing
from bottega.retrieval.short_memory import ShortMemory
from bottega.shop.catalogue import vocabulary_store
from bottega.shop.catalogue.listing import CARD
from bottega.shop.catalogue.product_documents import PRODUCTS
from bottega.shop.catalogue.understanding.vocabulary import Vocabulary

MOST_SUGGESTED = 10
# So many products are looked at for titles that go on from what was typed.
CONSIDERED = 24
# Of frequent words only the best postings are read; more where several words have to meet.
POSTINGS_OF_ONE_WORD, POSTINGS_OF_SEVERAL = 200, 600
# A search is suggested to others when it was made so often, the catalogue knew all its words, and something was found.
LEAST_SEARCHES = 2
POPULAR_WITHIN = timedelta(days=30)
MOST_POPULAR = 2_000
POPULAR_KEPT_SECONDS = 60.0
MOST_NAMES_KEPT = 3


@dataclass(frozen=True, slots=True)
class SuggestedProduct:
    """A product whose title goes on from what was typed."""

    id: str
    handle: str
    title: str
    brand: str


@dataclass(frozen=True, slots=True)
class SuggestedBrand:
    """A brand with how many products it has; `value` is what the filter takes."""

    value: str
    title: str
    products: int


@dataclass(frozen=True, slots=True)
class SuggestedCategory:
    """A category with how many products it has."""

    path: str
    title: str
    products: int


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What may be meant, the likeliest first in each kind."""

    queries: tuple[str, ...] = ()
    products: tuple[SuggestedProduct, ...] = ()
    brands: tuple[SuggestedBrand, ...] = ()
    categories: tuple[SuggestedCategory, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Names:
    """Brands and categories of a vocabulary by the beginning of each of their words, sorted."""

    keys: tuple[str, ...]
    named: tuple[SuggestedBrand | SuggestedCategory, ...]

    def starting_with(self, beginning: str) -> Iterator[SuggestedBrand | SuggestedCategory]:
        place = bisect_left(self.keys, beginning)
        while place < len(self.keys) and self.keys[place].startswith(beginning):
            yield self.named[place]
            place += 1


_popular = ShortMemory[tuple[tuple[str, int], ...]](seconds=POPULAR_KEPT_SECONDS, most=20)
_names: dict[str, _Names] = {}


async def suggestions(
    connection: Connection, text: str, currency: str, now: datetime, *, limit: int = 6
) -> Suggestions:
    """At most `limit` of each kind; empty for a text without a word. Accents and case make no difference."""
    typed = " ".join(word.folded for word in words_of(text))
    if not typed:
        return Suggestions()
    limit = min(limit, MOST_SUGGESTED)
    named = list(dict.fromkeys(_names_of(await _vocabulary(connection)).starting_with(typed)))
    named.sort(key=lambda one: (-one.products, one.title))
    begun, cards = await _products(connection, text, currency)
    products = [
        SuggestedProduct(card["id"], card["handle"], card["title"], card["brand"])
        for card in sorted(cards, key=lambda card: (not card["in_stock"], not fold(card["title"]).startswith(typed)))
    ]
    popular = [words for words, _ in await _popular_searches(connection, now) if words.startswith(typed)]
    queries = dict.fromkeys([*popular, *_words_that_go_on(begun, cards)])
    return Suggestions(
        tuple(query for query in queries if query != typed or query in popular)[:limit],
        tuple(products[:limit]),
        tuple(one for one in named if isinstance(one, SuggestedBrand))[:limit],
        tuple(one for one in named if isinstance(one, SuggestedCategory))[:limit],
    )


async def _products(connection: Connection, text: str, currency: str) -> tuple[Begun, list[dict[str, Any]]]:
    """Cards of products whose title or brand has all the words, and one that goes on from the last."""
    columns = (f"{CARD} AS card",)
    narrowing = Narrowing("search.products p", "p.document", "p.currency = $1", (currency,), columns, is_wide=True)
    try:
        begun = await begin(connection, PRODUCTS, text)
        read = POSTINGS_OF_SEVERAL if begun.before else POSTINGS_OF_ONE_WORD
        matches = await keyword.rank(connection, PRODUCTS, begun.query, narrowing, CONSIDERED, read=read)
    except asyncpg.UndefinedTableError:
        # The postings are being made anew: titles themselves are looked through by their beginning.
        return NOTHING_BEGUN, await _by_title(connection, text, currency)
    cards = [orjson.loads(match.row["card"]) for match in matches.found]
    return begun, [card for card in cards if _goes_on(begun, card)]


async def _by_title(connection: Connection, text: str, currency: str) -> list[dict[str, Any]]:
    beginning = text.strip().lower()
    rows = await connection.fetch(
        f"SELECT {CARD} AS card FROM search.products p WHERE currency = $1 AND title_key >= $2 AND title_key < $3 "
        "ORDER BY title_key, product_id LIMIT $4",
        currency,
        beginning,
        f"{beginning}\U0010ffff",
        CONSIDERED,
    )
    return [orjson.loads(row["card"]) for row in rows]


def _goes_on(begun: Begun, card: dict[str, Any]) -> bool:
    words = words_of(f"{card['title']} {card['brand']}")
    folded = {part for word in words for part in (word.folded, *word.also)}
    terms = {term for word in words for term in word.terms}
    whole = all(word in folded or word in terms or words_of(word)[0].term in terms for word in begun.before)
    return whole and any(part.startswith(begun.beginning) for part in folded)


def _words_that_go_on(begun: Begun, cards: Sequence[dict[str, Any]]) -> list[str]:
    """What was typed with its last word complete: the catalogue's most frequent ways, of those that were found."""
    counted = Counter(
        word.folded
        for card in cards
        for word in {word.folded: word for word in words_of(card["title"])}.values()
        if word.folded.startswith(begun.beginning) and word.folded not in begun.before
    )
    return [" ".join((*begun.before, word)) for word, _ in counted.most_common(MOST_SUGGESTED)]


async def _vocabulary(connection: Connection) -> Vocabulary:
    try:
        return await vocabulary_store.current(connection)
    except asyncpg.UndefinedTableError:
        # It is being learnt anew; products are suggested without it.
        return vocabulary_store.NOTHING_LEARNT


async def _popular_searches(connection: Connection, now: datetime) -> tuple[tuple[str, int], ...]:
    key = database_of(connection)
    known = _popular.recall(key)
    if known is None:
        rows = await connection.fetch(_POPULAR, (now - POPULAR_WITHIN).date(), LEAST_SEARCHES, MOST_POPULAR)
        known = _popular.keep(key, tuple((row["words"], row["searches"]) for row in rows))
    return known


def _names_of(vocabulary: Vocabulary) -> _Names:
    """Made once for each version of the vocabulary."""
    made = _names.get(vocabulary.version)
    if made is None:
        brands = {figures.facet: figures for owners in vocabulary.brands.values() for figures in owners}
        named: list[SuggestedBrand | SuggestedCategory] = [
            SuggestedBrand(figures.facet, figures.title, figures.products) for figures in brands.values()
        ]
        named += [SuggestedCategory(one.path, one.title, one.products) for one in vocabulary.categories.values()]
        keyed = sorted(((key, one) for one in named for key in _endings(one.title)), key=itemgetter(0))
        made = _Names(tuple(key for key, _ in keyed), tuple(one for _, one in keyed))
        while len(_names) >= MOST_NAMES_KEPT:
            del _names[next(iter(_names))]
        _names[vocabulary.version] = made
    return made


def _endings(title: str) -> list[str]:
    """The title from each of its words on, folded."""
    words = [word.folded for word in words_of(title)]
    return [" ".join(words[start:]) for start in range(len(words))]


_POPULAR = """
SELECT words, sum(searches)::bigint AS searches FROM platform.searches WHERE day >= $1
GROUP BY 1 HAVING sum(complete) >= $2 AND sum(without_results) = 0 ORDER BY 2 DESC, 1 LIMIT $3"""
