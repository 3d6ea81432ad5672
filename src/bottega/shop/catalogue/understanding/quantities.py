"""Numbers with units, over the catalogue's numeric attributes: which attribute is meant, and between which bounds."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bottega.shop.catalogue.understanding.labels import bound_label
from bottega.shop.catalogue.understanding.meant import (
    LEAST_ALTERNATIVE_SHARE,
    LEAST_COVERAGE,
    MOST_ALTERNATIVES,
    figures_of_number,
    in_unit,
    meant_by,
    measuring,
    of_concepts,
)
from bottega.shop.catalogue.understanding.measures import Unit
from bottega.shop.catalogue.understanding.model import NumberBound, NumberRange, Stated
from bottega.shop.catalogue.understanding.number_figures import NumberFigures, counts_things
from bottega.shop.catalogue.understanding.reading import Reading
from bottega.shop.catalogue.understanding.sentence import Claim

if TYPE_CHECKING:
    from bottega.shop.catalogue.understanding.amounts import Amount

LEAST_SHARE_OF_FIGURE = 0.02
# "500 g" without a bound: so near counts; less narrowly, so much.
NEAR_SHARE = 0.01
WIDER_NEAR_SHARE = 0.12
# A bound that nothing is within is nearly kept by so much more or less, of what is sold in such steps: 480 for 500 GB.
NEARLY_SHARE = 0.06
NEARLY_MEASURED = frozenset({"storage", "mass", "length", "volume", "power", "apparent_power", "charge", "energy"})
# "17 inch" means 17.3 as well, and "1 TB" 1024 GB.
INCH_SPAN = 0.95
BINARY_SPAN = 0.025

# What is named is hardly told of such things where another number so called is told so many times as often.
MORE_TIMES_TOLD = 3

# What a negative number without a unit tells.
BELOW_ZERO = "temperature"
TITLED_DIMENSIONS = frozenset(
    {"storage", "length", "frequency", "charge", "power", "voltage", "apparent_power", "volume"}
)

Pointed = tuple[tuple[str, ...], int, int]


def read_quantity(reading: Reading, amount: "Amount") -> int | None:
    """Claims an amount as a bound of a number; None where the catalogue has no such number."""
    after, before = _named_behind(reading, amount), _named_before(reading, amount)
    if after is not None and _is_kind(reading, after):
        after = (after[0], after[1], amount.end)
    names, start, end = _names_of(reading, amount, after, before)
    if after is not None and end == after[2] > amount.end and amount.bound is None and not amount.is_range:
        behind = reading.sentence.at(end, reading.language.after)
        if behind is not None:
            # "Eight sockets or more".
            amount, end = replace(amount, bound=behind[0]), end + behind[1]
    bare = amount.unit is None and amount.bound is None and not amount.is_range
    if not names and amount.unit is None and amount.values[0] < 0:
        # "Good below -20": nothing else goes below zero.
        names = _fitting(reading, amount, of_concepts(reading, (BELOW_ZERO,)))
    if not names and bare:
        names = _told_by_its_decimals(reading, amount)
    elif bare and not _may_stand_bare(reading, amount, names, after):
        return None
    ranges = _ranges(reading, amount, names, wide=False)
    if not ranges:
        return None
    wider = _ranges(reading, amount, names, wide=True) if not amount.is_range else ()
    stated = Stated(
        f"number:{names[0]}",
        bound_label(names[0], amount.values, amount.unit, amount.bound),
        reading.sentence.said(start, end - start),
    )
    reading.found(NumberBound(stated, ranges, NumberBound(stated, wider) if wider and wider != ranges else None), start)
    _claim(reading, amount, start, end)
    return end


def _names_of(
    reading: Reading, amount: "Amount", after: Pointed | None, before: Pointed | None
) -> tuple[tuple[str, ...], int, int]:
    """The numbers that an amount is of, named behind it, before it or elsewhere, or only meant; and where what said so
    begins and ends."""
    start, end = amount.start, amount.end
    if before is not None and _is_kind(reading, before):
        # "Power supply over 500 W" tells the thing's power first, and only then another thing's power supply.
        names = meant_by(reading, amount) if amount.unit is not None else ()
        if names:
            return names, start, end
        before = (before[0], start, before[2])
    if after is not None and (fitting := _fitting(reading, amount, _told(reading, after, amount.unit))):
        return fitting, start, after[2]
    if before is not None and (fitting := _fitting(reading, amount, _told(reading, before, amount.unit))):
        return fitting, before[1], end
    if amount.unit is None:
        return (), start, end
    return _named_elsewhere(reading, amount) or meant_by(reading, amount), start, end


def _claim(reading: Reading, amount: "Amount", start: int, end: int) -> None:
    """A bound's words are no words to search by; "16 GB" and what names it may stand in titles."""
    written_in_titles = amount.unit is not None and amount.unit.dimension in TITLED_DIMENSIONS
    bounded = amount.bound is not None or amount.is_range
    claim: Claim = "ranking" if written_in_titles and not bounded else "constraint"
    sentence = reading.sentence
    sentence.claim(start, end - start, claim)


def _may_stand_bare(reading: Reading, amount: "Amount", names: tuple[str, ...], after: Pointed | None) -> bool:
    """A bare number is a count of what follows ("8 cores", not "core 2"), or degrees below zero ("good to -10")."""
    if amount.values[0] < 0:
        unit = reading.vocabulary.numbers[names[0]].unit
        return unit is not None and unit.dimension == "temperature"
    if after is not None:
        return reading.coverage(names) >= (0.01 if counts_things(names[0]) else LEAST_COVERAGE)
    # "UPF 50", "R value 4": a number without a unit, right behind its name, that products have; no "core 2".
    figures = reading.vocabulary.numbers[names[0]]
    adjacent = amount.number_at == amount.start
    counted = figures.unit is None or figures.unit.dimension in ("people", "count")
    return adjacent and counted and amount.values[0] in figures.values and not counts_things(names[0])


def _told_by_its_decimals(reading: Reading, amount: "Amount") -> tuple[str, ...]:
    """The number that a bare figure such as 15.6 can only be, of the usual ones that such things have."""
    value = amount.values[0]
    if reading.kind is None or value == int(value):
        return ()
    for concept in reading.language.usual.get("inch", ()):
        for name in of_concepts(reading, (concept,)):
            figures = reading.vocabulary.numbers[name]
            often = figures.values.get(value, 0) >= LEAST_SHARE_OF_FIGURE * figures.products
            if often and reading.coverage((name,)) >= LEAST_COVERAGE:
                return (name,)
    return ()


def _is_kind(reading: Reading, pointed: Pointed) -> bool:
    """Whether the name of a number is also the name of the thing asked for: "hard disk 2 TB"."""
    phrase = reading.sentence.key(pointed[1], pointed[2] - pointed[1])
    return names_kind(reading, phrase)


def names_kind(reading: Reading, phrase: str) -> bool:
    """Whether a phrase is what the thing asked for is called, or ends so: "black ink cartridge" of ink cartridges."""
    kind = reading.kind_phrase
    return bool(phrase and kind) and (f" {kind}".endswith(f" {phrase}") or f" {phrase}".endswith(f" {kind}"))


def _named_behind(reading: Reading, amount: "Amount") -> Pointed | None:
    """Names of numbers behind the amount: "16 GB RAM", "20 hours of light", "3 hdmi ports"."""
    sentence, place = reading.sentence, amount.end
    while (
        place < len(sentence.tokens)
        and sentence.key(place, 1) in ("of", "a", "x", "the", "in")
        and sentence.free(place)
    ):
        if sentence.at(place, reading.vocabulary.number_phrases) is not None:
            break
        place += 1
    found = sentence.at(place, reading.vocabulary.number_phrases)
    if found is not None and _begins_kind(reading, place, found[1]):
        found = None
    if found is None and amount.unit is not None:
        # "6 person", "2500 pages": the unit itself names it.
        unit_place = amount.number_at + 1
        found = sentence.at(unit_place, reading.vocabulary.number_phrases)
        if found is not None and unit_place + found[1] >= amount.end - 1:
            return found[0], unit_place, max(amount.end, unit_place + found[1])
        return None
    return (found[0], place, place + found[1]) if found is not None else None


def _begins_kind(reading: Reading, place: int, length: int) -> bool:
    """Whether the word rather begins the name of a thing: "memory" of "16gb memory stick"."""
    sentence, vocabulary = reading.sentence, reading.vocabulary
    return any(
        (phrase := sentence.key(place, longer)) in reading.language.kinds or phrase in vocabulary.category_phrases
        for longer in range(length + 1, 4)
    )


def _named_before(reading: Reading, amount: "Amount") -> Pointed | None:
    """Names of numbers before the amount: "RAM of at least 16 GB", "comfort below -5 °C"."""
    sentence, place = reading.sentence, amount.start
    while (
        place > 0
        and sentence.key(place - 1, 1)
        in ("of", "is", "a", "an", "with", "the", "at", "be", "to", "should", "must", "for")
        and sentence.free(place - 1)
    ):
        if sentence.until(place, reading.vocabulary.number_phrases) is not None:
            break
        place -= 1
    found = sentence.until(place, reading.vocabulary.number_phrases)
    if found is not None:
        start = place - found[1]
        return found[0], start, place
    bound = amount.bound
    if bound is not None and bound.concepts:
        names = of_concepts(reading, bound.concepts)
        return (names, amount.start, amount.end) if names else None
    return None


def _named_elsewhere(reading: Reading, amount: "Amount") -> tuple[str, ...]:
    """What the sentence names of its thing somewhere else, where it is the only number of such a unit: "low drop shoes,
    4 mm or less"."""
    sentence, found = reading.sentence, set[tuple[str, ...]]()
    if reading.kind is None:
        return ()
    for place in range(len(sentence.tokens)):
        named = sentence.at(place, reading.vocabulary.number_phrases)
        if named is None or names_kind(reading, sentence.key(place, named[1])):
            continue
        numbers = sentence.tokens[max(place - 1, 0)], sentence.tokens[min(place + named[1], len(sentence.tokens) - 1)]
        if any(token.kind == "number" for token in numbers):
            continue
        names = measuring(reading, named[0], amount.unit) if amount.unit is not None else ()
        names = tuple(name for name in names if reading.coverage((name,)) >= LEAST_COVERAGE)
        found.update({names} if names else ())
    return found.pop()[:MOST_ALTERNATIVES] if len(found) == 1 else ()


def _told(reading: Reading, pointed: Pointed, unit: Unit | None) -> tuple[str, ...]:
    """The numbers that are named; where such things tell none of them, those of the unit they tell whose own names say
    the same: the width of a tape is its `tape_width`."""
    names, phrase = pointed[0], reading.sentence.key(pointed[1], pointed[2] - pointed[1])
    if reading.kind is None or unit is None or reading.coverage(names) >= LEAST_COVERAGE:
        return names
    words, key = set(phrase.split()), reading.language.keys.of_word
    ends = tuple(f"_{name}" for name in names)
    alike = [
        name
        for name in measuring(reading, tuple(reading.vocabulary.dimensions.get(unit.dimension, ())), unit)
        if reading.coverage((name,)) >= LEAST_COVERAGE
        and (name.endswith(ends) or words <= {key(part) for part in name.split("_")})
    ]
    return tuple(alike) if reading.coverage(alike) > MORE_TIMES_TOLD * reading.coverage(names) else names


def _fitting(reading: Reading, amount: "Amount", names: Sequence[str]) -> tuple[str, ...]:
    """The named numbers that such an amount can be of, those first that most of the things asked for have."""
    numbers = reading.vocabulary.numbers
    fitting = [
        name
        for name in names
        if amount.unit is None
        or (numbers[name].unit is None and not counts_things(name))
        or getattr(numbers[name].unit, "dimension", None) == amount.unit.dimension
        or amount.unit.dimension in ("people", "count")
    ]
    if any(value != int(value) for value in amount.values):
        # "2.1 speakers" are no two and a tenth.
        fitting = [name for name in fitting if not counts_things(name)]
    if amount.unit is not None and any(numbers[name].unit is not None for name in fitting):
        exact = [name for name in fitting if numbers[name].unit is not None]
        fitting = exact or fitting
    measured = amount.unit is None or any(numbers[name].unit is not None for name in fitting)
    if not measured and reading.kind is not None and reading.coverage(fitting) == 0:
        # "Holds two litres" tells no load.
        return ()
    # What is named is meant, also where things called so do not tell it.
    covered = [name for name in fitting if reading.coverage((name,)) > 0] or fitting
    most = max((reading.coverage((name,)) for name in covered), default=0.0)
    covered = [name for name in covered if reading.coverage((name,)) >= LEAST_ALTERNATIVE_SHARE * most]
    ordered = sorted(covered, key=lambda name: -min(reading.coverage((name,)) * 10, 1))
    return tuple(ordered[:MOST_ALTERNATIVES])


def _ranges(reading: Reading, amount: "Amount", names: Sequence[str], *, wide: bool) -> tuple[NumberRange, ...]:
    return tuple(_range(amount, figures_of_number(reading, name, amount.unit), wide=wide) for name in names)


def _range(amount: "Amount", figures: NumberFigures, *, wide: bool) -> NumberRange:
    """The bounds in the attribute's own unit; a strict one leaves the amount itself out."""
    values = sorted(in_unit(value, amount.unit, figures) for value in amount.values)
    unit = figures.unit.name if figures.unit is not None else None
    if amount.is_range:
        return NumberRange(figures.name, values[0], values[1], unit)
    value, bound = values[0], amount.bound
    missed = NEARLY_SHARE if wide and amount.unit is not None and amount.unit.dimension in NEARLY_MEASURED else 0.0
    if bound is None or bound.bound == "exactly":
        least, most = _exactly(amount, value, wide=wide and bound is None)
        return NumberRange(figures.name, least, most, unit)
    match bound.bound:
        case "most":
            most = value * (1 + missed) if missed else (math.nextafter(value, -math.inf) if bound.strict else value)
            return NumberRange(figures.name, None, most, unit)
        case "least":
            least = value * (1 - missed) if missed else (math.nextafter(value, math.inf) if bound.strict else value)
            return NumberRange(figures.name, least, None, unit)
        case "around":
            span = abs(value) * (0.2 if not wide else 0.4)
            return NumberRange(figures.name, value - span, value + span, unit)


def _exactly(amount: "Amount", value: float, *, wide: bool) -> tuple[float | None, float | None]:
    """What a figure without a bound covers: nominal screen sizes, binary sizes, roundings; a coldest night."""
    dimension = amount.unit.dimension if amount.unit is not None else ""
    if dimension == "temperature" or value < 0:
        return None, value
    whole = amount.values[0] == int(amount.values[0])
    if amount.unit is not None and amount.unit.name == "inch":
        below, above = (0.35, INCH_SPAN) if wide else (0.0, INCH_SPAN if whole else 0.05)
        share = abs(value) / max(abs(amount.values[0]), 1e-9)
        return value - (below + 0.01) * share, value + above * share
    if dimension in ("people", "count", ""):
        # A tent for four is also one for five, when there is none for just four.
        return value, value + (2 if wide and dimension == "people" else 0)
    near = WIDER_NEAR_SHARE if wide else (BINARY_SPAN if dimension == "storage" else NEAR_SHARE)
    return value - abs(value) * near, value + abs(value) * near
