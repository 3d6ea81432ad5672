"""From a search request to what it is searched as: the sentence read, and relaxed as far as anything meets it."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue import vocabulary_store
from bottega.shop.catalogue.constraint_conditions import conditions_of
from bottega.shop.catalogue.listing import Conditions, Filters
from bottega.shop.catalogue.search_records import NOTHING_RELAXED, Relaxed, SearchRequest
from bottega.shop.catalogue.shown_product import shown_product
from bottega.shop.catalogue.understanding.model import Understanding
from bottega.shop.catalogue.understanding.read import understand
from bottega.shop.catalogue.understanding.relaxing import relaxations

# So many weaker forms of a sentence are tried before the answer is that there is nothing.
MOST_RELAXATIONS = 40
REMEMBERED_SENTENCES = 2_000


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence as it was read, the form of it that is searched, and what was given up for that."""

    asked: Understanding
    form: Understanding
    relaxed: Relaxed = NOTHING_RELAXED


# Sentences as they were read, by what they were read with: reading is pure, and people say the same things.
_read: OrderedDict[tuple[object, ...], Understanding] = OrderedDict()


async def read_sentence(connection: Connection, request: SearchRequest, now: datetime) -> Reading:
    """Reads the sentence with what the catalogue knows; in its strictest form that some product meets."""
    asked = await _understood(connection, request, now)
    if not asked.constraints:
        return Reading(asked, asked)
    for form, relaxed in _forms(asked):
        if await _anything(connection, form, request.filters):
            return Reading(asked, form, relaxed)
    return Reading(asked, asked)


async def met_readings(connection: Connection, request: SearchRequest, asked: Understanding) -> AsyncGenerator[Reading]:
    """All of its forms that some product meets, the strictest first."""
    for form, relaxed in _forms(asked):
        if await _anything(connection, form, request.filters):
            yield Reading(asked, form, relaxed)


def read_as_words(request: SearchRequest) -> Reading:
    """Takes the text as words to search by and nothing else."""
    plain = Understanding(request.text, request.text, request.text, request.filters.currency)
    return Reading(plain, plain)


def conditions_on(form: Understanding, filters: Filters) -> Conditions:
    """What search.products as `p` must meet."""
    conditions = Conditions()
    conditions.narrow(filters.in_currency(form.currency))
    conditions_of(form.constraints, form.currency, conditions, any_stock=form.any_stock)
    return conditions


async def _understood(connection: Connection, request: SearchRequest, now: datetime) -> Understanding:
    vocabulary = await vocabulary_store.current(connection)
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


async def _anything(connection: Connection, form: Understanding, filters: Filters) -> bool:
    conditions = conditions_on(form, filters)
    # As a table of its own it is planned for all rows and still read no further than the first. Planned for one row,
    # it walks along prices in the hope of meeting soon what may not exist.
    statement = (
        f"WITH met AS MATERIALIZED (SELECT FROM search.products p WHERE {conditions}) SELECT EXISTS (SELECT FROM met)"
    )
    return bool(await connection.fetchval(statement, *conditions.values))
