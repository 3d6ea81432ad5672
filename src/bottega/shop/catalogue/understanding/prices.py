"""Prices in words: bounds with and without a currency, and levels such as "cheap" against what such things cost."""

from collections.abc import Sequence

from bottega.shop.catalogue.understanding.figures import minor_of, money_text
from bottega.shop.catalogue.understanding.language import PriceLevel
from bottega.shop.catalogue.understanding.model import PriceBound, Stated
from bottega.shop.catalogue.understanding.reading import Reading
from bottega.shop.catalogue.understanding.vocabulary import PRICE_SHARES

# "Around 40" is a fifth up and down; less narrowly, two fifths.
AROUND_SHARE = 0.2
WIDER_AROUND_SHARE = 0.4


def price_at_most(reading: Reading, amount: float, said: str, *, strict: bool) -> PriceBound:
    """A price that must not be passed; strict leaves the amount itself out."""
    most = minor_of(amount, reading.currency)
    label = f"{'under' if strict else 'up to'} {money_text(most, reading.currency)}"
    return PriceBound(Stated("price:most", label, said), most_minor=most - strict)


def price_at_least(reading: Reading, amount: float, said: str, *, strict: bool) -> PriceBound:
    """A price below which nothing is wanted."""
    least = minor_of(amount, reading.currency)
    label = f"{'over' if strict else 'from'} {money_text(least, reading.currency)}"
    return PriceBound(Stated("price:least", label, said), least_minor=least + strict)


def price_between(reading: Reading, one: float, other: float, said: str) -> PriceBound:
    """Both bounds, whichever was said first."""
    least, most = sorted((minor_of(one, reading.currency), minor_of(other, reading.currency)))
    label = f"{money_text(least, reading.currency)} to {money_text(most, reading.currency)}"
    return PriceBound(Stated("price:between", label, said), least, most)


def price_around(reading: Reading, amount: float, said: str, share: float = AROUND_SHARE) -> PriceBound:
    """About so much; may be taken less narrowly when nothing costs that."""
    middle = minor_of(amount, reading.currency)
    stated = Stated("price:around", f"around {money_text(middle, reading.currency)}", said)
    wide = PriceBound(stated, round(middle * (1 - WIDER_AROUND_SHARE)), round(middle * (1 + WIDER_AROUND_SHARE)))
    return PriceBound(stated, round(middle * (1 - share)), round(middle * (1 + share)), wider=wide)


def read_price_levels(reading: Reading) -> None:
    """ "Cheap", "budget", "premium": bounds from the prices of the kind or category asked for, told in the chip."""
    sentence = reading.sentence
    place = 0
    while place < len(sentence.tokens):
        found = sentence.at(place, reading.language.price_levels)
        if found is None:
            place += 1
            continue
        level, length = found
        bound = price_level(reading, level, sentence.said(place, length))
        if bound is not None:
            reading.found(bound, place)
        sentence.claim(place, length, "constraint")
        place += length


def price_level(reading: Reading, level: PriceLevel, said: str) -> PriceBound | None:
    """The bound that a level means for these things; None where no prices are known."""
    prices = prices_of_kind(reading)
    if not prices:
        return None
    least = None if level.least_share is None else _at(prices, level.least_share)
    most = None if level.most_share is None else _at(prices, level.most_share)
    shown = [
        f"from {money_text(least, reading.currency)}" if least is not None else "",
        f"up to {money_text(most, reading.currency)}" if most is not None else "",
    ]
    label = f"{level.label} ({' '.join(part for part in shown if part)})"
    wider = None
    if most is not None and least is None:
        wider = PriceBound(Stated("price:level", label, said), None, _at(prices, 0.5))
    return PriceBound(Stated("price:level", label, said), least, most, wider=wider)


def prices_of_kind(reading: Reading) -> Sequence[int]:
    """What such things cost: of the category that the kind's word names, of titles with the word, of everything."""
    vocabulary, currency = reading.vocabulary, reading.currency
    paths = vocabulary.category_phrases.get(reading.kind_phrase, ())
    categories = [vocabulary.categories[path] for path in paths if path in vocabulary.categories]
    if categories:
        largest = max(categories, key=lambda category: category.products)
        if largest.products >= 4 and largest.prices.get(currency):
            return largest.prices[currency]
    if reading.kind is not None and reading.kind.products >= 4 and reading.kind.prices.get(currency):
        return reading.kind.prices[currency]
    shown = reading.shown.category if reading.shown is not None else None
    if shown is not None and shown in vocabulary.categories:
        return vocabulary.categories[shown].prices.get(currency, ())
    return vocabulary.prices.get(currency, ())


def _at(prices: Sequence[int], share: float) -> int:
    """The price at a share of the distribution, between the shares that are kept."""
    position = share * (len(PRICE_SHARES) - 1)
    below = min(int(position), len(prices) - 1)
    above = min(below + 1, len(prices) - 1)
    return round(prices[below] + (prices[above] - prices[below]) * (position - below))
