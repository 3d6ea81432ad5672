"""What a catalogue's numbers are: how many products tell them, in which unit, and what people call them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bottega.shop.catalogue.understanding.language import Language
from bottega.shop.catalogue.understanding.measures import Unit, measures

UNIT_EVIDENCE_SHARE = 0.6
LEAST_UNIT_EVIDENCE = 3
TOLD_UNIT_SHARE = 0.08


@dataclass(frozen=True, slots=True)
class NumberFigures:
    """A numeric attribute: how many products have it, its unit if that is known, and its most frequent values."""

    name: str
    products: int
    unit: Unit | None
    values: Mapping[float, int]
    quantiles: Sequence[float]


def number_figures(told: Mapping[str, Any]) -> NumberFigures:
    """A number with the unit that its name ends with, else the one that products' own texts give with its values."""
    name: str = told["name"]
    known = measures()
    evidence: Mapping[str, int] = told["units"]
    unit = known.unit_of_name(name)
    total = sum(evidence.values())
    if unit is None and total >= LEAST_UNIT_EVIDENCE and not name.startswith("option.") and not counts_things(name):
        best = max(evidence, key=lambda key: evidence[key])
        if evidence[best] >= UNIT_EVIDENCE_SHARE * total and evidence[best] >= TOLD_UNIT_SHARE * told["products"]:
            unit = known.units.get(best)
    if unit is None and name.startswith("option.") and evidence:
        unit = known.units.get(max(evidence, key=lambda key: evidence[key]))
    unit = unit or (None if counts_things(name) else known.usual_unit(name))
    values = {float(value): count for value, count in told["values"]}
    return NumberFigures(name, told["products"], unit, values, told["quantiles"])


def counts_things(name: str) -> bool:
    """Whether a number counts things: ports, outputs, cores."""
    return name.startswith("number_of") or name.endswith(
        ("_quantity", "_ports", "_outputs", "_inputs", "_slots", "_cores", "_threads")
    )


def number_phrases(numbers: Mapping[str, NumberFigures], spoken: Language) -> dict[str, tuple[str, ...]]:
    """Numbers by what they are called: the words of their name without the unit."""
    known = measures()
    found: dict[str, dict[str, None]] = {}
    for name in sorted(numbers, key=lambda name: -numbers[name].products):
        if known.is_about_parcel(name):
            continue
        # An option's number is called as the option is: `option.ram.storage` is RAM.
        called = name.split(".")[1] if name.startswith("option.") else name
        words = [part for part in called.split("_") if part]
        if called == name and known.unit_of_name(name) is not None:
            words = words[:-1]
        for drop in (("quantity",), ("number", "of"), ("max",), ("min",)):
            if words[: len(drop)] == list(drop):
                words = words[len(drop) :]
        phrases = {" ".join(words), " ".join(word for word in words if word != "quantity")}
        if words[:1] in (["maximum"], ["minimum"]) and "_".join(words[1:]) not in numbers:
            # "Spin speed", where only the greatest is told.
            phrases.add(" ".join(words[1:]))
        for phrase in phrases:
            key = spoken.keys.of(phrase)
            if key and not key.replace(" ", "").isdigit():
                found.setdefault(key, {})[name] = None
    for phrase, concepts in spoken.concept_phrases.items():
        for concept in concepts:
            names = [name for name in spoken.concept_names[concept] if name in numbers]
            if names:
                own = found.get(phrase, {})
                found[phrase] = {**dict.fromkeys(names), **own}
    return {phrase: tuple(names) for phrase, names in found.items()}


def by_dimension(numbers: Mapping[str, NumberFigures]) -> dict[str, tuple[str, ...]]:
    """The names of numbers by the dimension of their unit, those that most products have first."""
    known = measures()
    found: dict[str, list[str]] = {}
    for name in sorted(numbers, key=lambda name: -numbers[name].products):
        unit = numbers[name].unit
        if unit is not None and not known.is_about_parcel(name):
            found.setdefault(unit.dimension, []).append(name)
    return {dimension: tuple(names) for dimension, names in found.items()}


def flag_numbers(numbers: Mapping[str, NumberFigures]) -> dict[str, tuple[str, ...]]:
    """Numbers that say the same as a yes-or-no attribute: `waterproof_mm` of waterproof."""
    found: dict[str, tuple[str, ...]] = {}
    for name in numbers:
        if flag := measures().name_without_unit(name):
            found[flag] = (*found.get(flag, ()), name)
    return found
