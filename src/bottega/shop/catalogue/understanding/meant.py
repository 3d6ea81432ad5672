"""Which number an amount means that no word of the sentence names: by its unit, what things tell, usual figures."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bottega.shop.catalogue.understanding.measures import Unit
from bottega.shop.catalogue.understanding.number_figures import NumberFigures, counts_things
from bottega.shop.catalogue.understanding.reading import Reading

if TYPE_CHECKING:
    from bottega.shop.catalogue.understanding.amounts import Amount

MOST_ALTERNATIVES = 4
# A number that so few of the things asked for have is not what is meant.
LEAST_COVERAGE = 0.08
# Another number that means the same counts only if that many as have the first one have it.
LEAST_ALTERNATIVE_SHARE = 0.05
# A number that no concept names is meant where such things tell it so often, and what a concept names so much less.
LEAST_TOLD, OTHER_NAME_SHARE = 0.05, 0.25
# A number that such a share of all products tell is told of any kind of thing.
GENERAL_SHARE = 0.2

# How names of numbers begin that tell how little there may be: no figure of the thing itself.
LEAST_NAMES = ("min_", "minimum_")

# The unit of a number whose name says none and whose values are told in several, where most of a kind tell it.
UNSAID_UNITS = {"storage": "gb"}
LEAST_UNSAID_SHARE = 0.3


def of_concepts(reading: Reading, concepts: Sequence[str]) -> tuple[str, ...]:
    """The numbers of the catalogue that hold these concepts, in their order."""
    names = (name for concept in concepts for name in reading.language.concept_names.get(concept, ()))
    return tuple(name for name in names if name in reading.vocabulary.numbers)


def meant_by(reading: Reading, amount: "Amount") -> tuple[str, ...]:
    """The numbers that an amount with a unit means when no word names one."""
    unit = amount.unit
    assert unit is not None, "asked for amounts with a unit"
    concepts = (*reading.language.usual.get(unit.name, ()), *reading.language.usual.get(unit.dimension, ()))
    options = tuple(
        name for name in reading.vocabulary.dimensions.get(unit.dimension, ()) if name.startswith("option.")
    )
    best: tuple[float, tuple[str, ...]] = (0.0, ())
    # Of an unknown kind of thing the most usual is meant, and not what most things tell.
    later = 0.1 if reading.kind is not None else 1.0
    for place, concept in enumerate(concepts):
        names = measuring(reading, (*of_concepts(reading, (concept,)), *(options if place == 0 else ())), unit)
        covered = reading.coverage(names) if names else 0.0
        names = tuple(name for name in names if reading.coverage((name,)) >= LEAST_ALTERNATIVE_SHARE * covered)
        if not names or covered < _least_coverage(reading, amount):
            continue
        if amount.bound is None and not amount.is_range and not _is_usual_figure(reading, amount, names, unit):
            continue
        # What the unit itself is usual for ("inch") goes before what lengths are in general.
        own = 5.0 if concept in reading.language.usual.get(unit.name, ()) else 1.0
        score = own * min(covered * 3, 1.0) * _plausible(reading, amount, names) / (1 + place * later)
        if score > best[0]:
            best = (score, names)
    best = max(best, _told_of_such_things(reading, amount, unit), key=lambda one: one[0])
    if best[1]:
        return best[1][:MOST_ALTERNATIVES]
    if reading.kind is not None and (amount.bound is not None or amount.is_range):
        # Things called so do not tell it, but it is asked for: what all things tell.
        return meant_by(replace(reading, kind=None), amount)
    of_dimension = measuring(reading, reading.vocabulary.dimensions.get(unit.dimension, ()), unit)
    if amount.bound is None and unit.name == "inch":
        of_dimension = tuple(name for name in of_dimension if reading.vocabulary.numbers[name].unit == unit)
    likely = max(of_dimension, key=lambda name: reading.coverage((name,)), default="")
    least = 0.2 if reading.kind is not None else 0.5
    return (likely,) if likely and reading.coverage((likely,)) >= least else ()


def _told_of_such_things(reading: Reading, amount: "Amount", unit: Unit) -> tuple[float, tuple[str, ...]]:
    """The number of this dimension that such things mostly tell, whatever it is called: the power of a lamp's bulb, the
    width of a tape. It is meant where what is usual hardly ever is told of them, or never comes near the amount."""
    scores: dict[str, float] = {}
    if reading.kind is None:
        return 0.0, ()
    common = GENERAL_SHARE * reading.vocabulary.products
    for name in measuring(reading, reading.vocabulary.dimensions.get(unit.dimension, ()), unit):
        covered = reading.coverage((name,))
        # What most things tell, how deep they are, say, is no figure of this kind of thing.
        is_general = reading.vocabulary.fields.get(name, 0) >= common
        is_limit = amount.bound is None and name.startswith(LEAST_NAMES)
        if covered < LEAST_TOLD or is_general or is_limit:
            continue
        if amount.bound is not None or amount.is_range or _is_usual_figure(reading, amount, (name,), unit):
            scores[name] = OTHER_NAME_SHARE * min(covered * 3, 1.0) * _plausible(reading, amount, (name,))
    best = max(scores.values(), default=0.0)
    names = [name for name in scores if scores[name] >= OTHER_NAME_SHARE * best]
    return best, tuple(sorted(names, key=lambda name: -scores[name]))


def _least_coverage(reading: Reading, amount: "Amount") -> float:
    """A bound with a unit is surely meant; a bare figure might be part of a name."""
    if reading.kind is None:
        return 1e-9
    return 0.01 if amount.bound is not None or amount.is_range else LEAST_COVERAGE


def _is_usual_figure(reading: Reading, amount: "Amount", names: Sequence[str], unit: Unit) -> bool:
    """Whether products have about this figure there; inches are only read as what is measured in inches."""
    known = [reading.vocabulary.numbers[name] for name in names]
    if unit.name == "inch" and all(figures.unit != unit for figures in known):
        return False
    if unit.dimension == "temperature":
        return True
    return _plausible(reading, amount, names) >= 0.3


def measuring(reading: Reading, names: Sequence[str], unit: Unit) -> tuple[str, ...]:
    """Those of these numbers that are of a unit's dimension, what variants are chosen by first."""
    fitting = [
        name
        for name in names
        if (known := figures_of_number(reading, name, unit).unit) is not None and known.dimension == unit.dimension
    ]
    # What a variant is chosen by tells more than what holds for the whole product.
    return tuple(sorted(fitting, key=lambda name: (not name.startswith("option."), -reading.coverage((name,)))))


def figures_of_number(reading: Reading, name: str, unit: Unit | None) -> NumberFigures:
    """The figures of a number; a capacity in no unit of its own ("mAh" here, "GB" there) is one of storage where the
    things asked for tell it and storage is spoken of."""
    figures = reading.vocabulary.numbers[name]
    if figures.unit is not None or unit is None or unit.dimension not in UNSAID_UNITS or counts_things(name):
        return figures
    if reading.kind is None or reading.coverage((name,)) < LEAST_UNSAID_SHARE:
        return figures
    return replace(figures, unit=reading.measures.units[UNSAID_UNITS[unit.dimension]])


def _plausible(reading: Reading, amount: "Amount", names: Sequence[str]) -> float:
    """How well the amount fits what products have there: a bound within the usual values, an exact one among them."""
    best = 0.05
    for name in names:
        figures = figures_of_number(reading, name, amount.unit)
        values = [in_unit(value, amount.unit, figures) for value in amount.values]
        low, high = figures.quantiles[0], figures.quantiles[-1]
        if any(min(low, low / 2) <= value <= high * 2 for value in values):
            best = max(best, 0.3)
        frequent = sum(count for value, count in figures.values.items() if any(_near(value, asked) for asked in values))
        best = max(best, 0.3 + min(frequent / max(figures.products, 1) * 4, 0.7) if frequent else best)
    return best


def _near(value: float, asked: float) -> bool:
    return abs(value - asked) <= 0.025 * max(abs(asked), 1e-9)


def in_unit(value: float, unit: Unit | None, figures: NumberFigures) -> float:
    """An amount in the unit of a number, where both are of one dimension."""
    if unit is None or figures.unit is None or unit.dimension != figures.unit.dimension:
        return value
    return unit.converted(value, figures.unit)
