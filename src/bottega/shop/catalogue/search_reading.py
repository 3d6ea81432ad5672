"""From a search request to what it is searched as: the sentence read, and relaxed as far as anything meets it."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from bottega.platform.database.pool import Connection
from bottega.retrieval.counting import anything_meets, count
from bottega.retrieval.narrowing import NOTHING_MEETS, Narrowing
from bottega.shop.catalogue import single_variants
from bottega.shop.catalogue.constraint_conditions import conditions_of
from bottega.shop.catalogue.listing import Conditions, Filters
from bottega.shop.catalogue.search_records import NOTHING_RELAXED, Relaxed, SearchRequest
from bottega.shop.catalogue.shown_product import shown_product
from bottega.shop.catalogue.signs import IN_STOCK
from bottega.shop.catalogue.understanding.model import Constraint, PriceBound, Understanding
from bottega.shop.catalogue.understanding.read import understand
from bottega.shop.catalogue.understanding.relaxing import relaxations
from bottega.shop.catalogue.understanding.vocabulary import Vocabulary

# So many weaker forms of a sentence are tried before the answer is that there is nothing.
MOST_RELAXATIONS = 40
REMEMBERED_SENTENCES = 2_000
# What a search is narrowed to are cards, known by the numbers of their documents.
SOURCE, DOCUMENT = "search.products p", "p.document"
SELLS = f"{IN_STOCK} = ANY (p.signs)"
COLUMNS = ("p.product_id", f"{SELLS} AS in_stock", "p.price_minor")


@dataclass(frozen=True, slots=True)
class IndexStanding:
    """How the read model stands: a stamp of its last writing, and whether most products have a single variant."""

    stamp: str = ""
    mostly_single: bool = False


_UNKNOWN = IndexStanding()


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence as it was read, the form of it that is searched, and what was given up for that."""

    asked: Understanding
    form: Understanding
    narrowing: Narrowing
    relaxed: Relaxed = NOTHING_RELAXED
    standing: IndexStanding = _UNKNOWN


# Sentences as they were read, by what they were read with: reading is pure, and people say the same things.
_read: OrderedDict[tuple[object, ...], Understanding] = OrderedDict()


async def read_sentence(
    connection: Connection, request: SearchRequest, vocabulary: Vocabulary, stamp: str, now: datetime
) -> Reading:
    """Reads the sentence with what the catalogue knows; in its strictest form that some product meets."""
    asked = await _understood(connection, request, vocabulary, now)
    standing = IndexStanding(stamp, await single_variants.are_most(connection) if asked.constraints else False)
    whole = Reading(asked, asked, narrowing_to(asked, request.filters, standing), standing=standing)
    if asked.constraints:
        async with aclosing(met_readings(connection, request, whole)) as readings:
            async for reading in readings:
                return reading
    return whole


async def met_readings(connection: Connection, request: SearchRequest, whole: Reading) -> AsyncGenerator[Reading]:
    """All forms of what was asked that some product meets, the strictest first."""
    asked, standing = whole.asked, whole.standing
    hopeless = Hopeless(connection, request.filters, standing)
    for form, relaxed in _forms(asked):
        if hopeless.has_one_of(form):
            continue
        narrowing = await count(connection, narrowing_to(form, request.filters, standing))
        if narrowing.counted is None or narrowing.counted.anything:
            yield Reading(asked, form, narrowing, relaxed, standing)
        else:
            await hopeless.learn(form)


class Hopeless:
    """Constraints that nothing meets even alone: no form with one of them needs to be asked for."""

    def __init__(self, connection: Connection, filters: Filters, standing: IndexStanding) -> None:
        self._connection, self._filters, self._standing = connection, filters, standing
        self._known: dict[Constraint, bool] = {}

    def has_one_of(self, form: Understanding) -> bool:
        """Whether it is known that nothing meets this form."""
        return any(self._known.get(constraint, False) for constraint in form.constraints)

    async def learn(self, form: Understanding) -> None:
        """Asks for each constraint of a form that nothing meets, whatever is in stock."""
        for constraint in form.constraints:
            if constraint not in self._known:
                alone = replace(form, constraints=(constraint,), any_stock=True)
                met = await anything_meets(self._connection, narrowing_to(alone, self._filters, self._standing))
                self._known[constraint] = not met


def read_as_words(request: SearchRequest) -> Reading:
    """Takes the text as words to search by and nothing else."""
    plain = Understanding(request.text, request.text, request.text, request.filters.currency)
    return Reading(plain, plain, narrowing_to(plain, request.filters))


def narrowing_to(form: Understanding, filters: Filters, standing: IndexStanding = _UNKNOWN) -> Narrowing:
    """The products that meet what was read and what was chosen."""
    conditions = Conditions()
    conditions.narrow(filters.in_currency(form.currency))
    conditions_of(
        form.constraints,
        form.currency,
        conditions,
        any_stock=form.any_stock,
        mostly_single=standing.mostly_single,
    )
    is_wide = filters.are_wide and not form.constraints
    return Narrowing(
        SOURCE,
        DOCUMENT,
        str(conditions),
        tuple(conditions.values),
        COLUMNS,
        # A product has a row for each currency.
        row=conditions.texts[0],
        row_values=1,
        is_common=not form.constraints,
        is_wide=is_wide,
        stamp=standing.stamp,
        counted=NOTHING_MEETS if _contradict(form, filters) else None,
    )


def _contradict(form: Understanding, filters: Filters) -> bool:
    """Whether a highest price lies below a lowest one that was chosen: what nothing meets need not be counted."""
    highest = [known.most_minor for known in form.constraints if isinstance(known, PriceBound)]
    lowest = filters.minimum_minor
    return lowest is not None and any(most is not None and most < lowest for most in (*highest, filters.maximum_minor))


async def _understood(
    connection: Connection, request: SearchRequest, vocabulary: Vocabulary, now: datetime
) -> Understanding:
    currency = request.filters.currency
    if request.shown is not None:
        shown = await shown_product(connection, request.shown, currency, now)
        known = request.tuning.known_to(vocabulary)
        return understand(request.text, known, currency=currency, shown=shown, without=request.without)
    key = (vocabulary.version, request.tuning.known_words, currency, request.without, request.text)
    read = _read.get(key)
    if read is None:
        known = request.tuning.known_to(vocabulary)
        read = understand(request.text, known, currency=currency, without=request.without)
        _read[key] = read
        while len(_read) > REMEMBERED_SENTENCES:
            _read.popitem(last=False)
    return read


def _forms(asked: Understanding) -> Iterator[tuple[Understanding, Relaxed]]:
    yield asked, NOTHING_RELAXED
    for weaker in islice(relaxations(asked), MOST_RELAXATIONS):
        yield weaker.understanding, Relaxed(weaker.dropped, weaker.widened)
