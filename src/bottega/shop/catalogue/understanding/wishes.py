"""Wishes that every shop understands: orders, stock, sales, ratings, the lightest and the largest."""

from collections.abc import Sequence

from bottega.shop.catalogue.understanding.language import Degree
from bottega.shop.catalogue.understanding.model import AvailabilityIs, OrderWish, RatingBound, SortWish, Stated
from bottega.shop.catalogue.understanding.reading import Reading

_ORDERS: dict[str, OrderWish] = {
    "price": "price",
    "-price": "-price",
    "rating": "rating",
    "newest": "newest",
    "popular": "popular",
}


def read_wishes(reading: Reading) -> None:
    """Orders, availability, good ratings and superlatives, wherever they stand."""
    sentence, language = reading.sentence, reading.language
    place = 0
    while place < len(sentence.tokens):
        if (told := sentence.at(place, language.availability)) is not None:
            (facet, wanted), length = told
            _available(reading, facet, place, length, wanted=wanted)
        elif length := sentence.has_at(place, language.well_rated):
            least = language.well_rated_least
            stated = Stated("rating", f"{least:g} stars and up", sentence.said(place, length))
            reading.found(RatingBound(stated, least), place)
            sentence.claim(place, length, "constraint")
        elif (order := sentence.at(place, language.sorts)) is not None:
            length = order[1]
            reading.sort = SortWish(_ORDERS[order[0]], sentence.said(place, length))
            sentence.claim(place, length, "constraint")
        elif (superlative := sentence.at(place, language.superlatives)) is not None:
            length = superlative[1]
            _superlative(reading, superlative[0], place, length)
        else:
            length = 1
        place += length


def _available(reading: Reading, facet: str, place: int, length: int, *, wanted: bool) -> None:
    sentence = reading.sentence
    labels = {
        ("in_stock", True): "in stock",
        ("in_stock", False): "out of stock",
        ("on_sale", True): "on sale",
        ("on_sale", False): "not on sale",
    }
    stated = Stated(facet, labels[facet, wanted], sentence.said(place, length))
    reading.found(AvailabilityIs(stated, "in_stock" if facet == "in_stock" else "on_sale", wanted), place)
    sentence.claim(place, length, "constraint")


def _superlative(reading: Reading, degree: Degree, place: int, length: int) -> None:
    names = numbers_of(reading, degree.concepts)
    if not names:
        return
    order: OrderWish = "highest_number" if degree.more else "lowest_number"
    reading.sort = SortWish(order, reading.sentence.said(place, length), names)
    reading.sentence.claim(place, length, "constraint")


def numbers_of(reading: Reading, concepts: Sequence[str]) -> tuple[str, ...]:
    """The numbers of the first concept that the things asked for have."""
    vocabulary = reading.vocabulary
    best: tuple[float, tuple[str, ...]] = (0.0, ())
    for concept in concepts:
        names = tuple(name for name in reading.language.concept_names.get(concept, ()) if name in vocabulary.numbers)
        covered = reading.coverage(names) if names else 0.0
        if covered > best[0] + 0.3 or (covered > 0 and not best[1]):
            best = (covered, names)
    return best[1]
