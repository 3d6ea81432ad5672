"""What is authored about a language and about measures: read once from the files beside this module."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

from bottega.shop.catalogue.understanding.people import phrases_of_people
from bottega.shop.catalogue.understanding.words import PhraseKeys, folded

DEFAULT_LANGUAGE = "en"

Bound = Literal["most", "least", "around", "exactly"]


@dataclass(frozen=True, slots=True)
class BoundWord:
    """What a phrase at a number makes of it; `concepts` where it says which number is meant ("lighter than")."""

    bound: Bound
    strict: bool = False
    concepts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: base = value × factor + offset."""

    name: str
    dimension: str
    factor: float
    offset: float = 0.0

    def converted(self, value: float, other: "Unit") -> float:
        """A value of this unit in another one of the same dimension."""
        if other is self or other.name == self.name:
            return value
        return (value * self.factor + self.offset - other.offset) / other.factor


@dataclass(frozen=True, slots=True)
class PriceLevel:
    """A price relative to a distribution: between two shares of it."""

    label: str
    least_share: float | None
    most_share: float | None


@dataclass(frozen=True, slots=True)
class Degree:
    """A comparative or superlative of numbers: which concepts, and whether more or less of it is wanted."""

    concepts: tuple[str, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Role:
    """The attributes and options that mean one thing, by name or by how the name ends."""

    names: tuple[str, ...]
    suffixes: tuple[str, ...]
    not_suffixes: tuple[str, ...]

    def rank(self, name: str) -> int | None:
        """How near an attribute's name is to the role's own; None when it is another thing."""
        if name in self.names:
            return self.names.index(name)
        if name.endswith(self.suffixes) and not name.endswith(self.not_suffixes or ("\0",)):
            return len(self.names)
        return None


@dataclass(frozen=True, slots=True)
class Measures:
    """Units, roles of attributes, and sizes: the same in every language."""

    units: Mapping[str, Unit]
    unit_names: Mapping[str, Unit]
    glued_unit_names: Mapping[str, Unit]
    roles: Mapping[str, Role]
    parcel_parts: frozenset[str]
    usual_units: Mapping[str, str]
    letters: tuple[str, ...]
    letter_names: Mapping[str, str]
    shoes: Mapping[str, Mapping[str, tuple[str, ...]]]

    def unit_of_name(self, name: str) -> Unit | None:
        """The unit that an attribute's name ends with (`fill_weight_grams`, `temperature_comfort_celsius`)."""
        parts = [part for part in name.split("_") if part]
        # `recommended_age__min_` is a minimum, not minutes; `flow_litres_per_minute` is no time.
        if "per" in parts[-3:] or parts[-1:] in (["min"], ["max"], ["s"], ["a"]):
            return None
        for length in (3, 2, 1):
            tail = parts[-length:] if len(parts) > length else []
            for joint in ("/", "_", " "):
                if tail and (found := self.units.get(joint.join(tail)) or self.unit_names.get(joint.join(tail))):
                    return found
        return None

    def name_without_unit(self, name: str) -> str:
        """`waterproof_mm` → waterproof; '' for a name that ends with no unit."""
        if self.unit_of_name(name) is None:
            return ""
        parts = name.split("_")
        shorter = ("_".join(parts[:-length]) for length in (1, 2, 3))
        return next((rest for rest in shorter if rest and self.unit_of_name(rest) is None), "")

    def usual_unit(self, name: str) -> Unit | None:
        """The unit that numbers of such a name usually have, by the longest end of the name that is known."""
        parts = name.split("_")
        ends = ("_".join(parts[start:]) for start in range(len(parts)))
        return next((self.units[self.usual_units[end]] for end in ends if end in self.usual_units), None)

    def is_about_parcel(self, name: str) -> bool:
        """Whether a number is about how the thing is packed or sent, not about the thing."""
        return any(part in self.parcel_parts for part in name.split("_"))


@dataclass(frozen=True, slots=True)
class Language:
    """One language's words, by what they do; every table is keyed by phrase keys."""

    code: str
    keys: PhraseKeys
    fillers: frozenset[str]
    links: frozenset[str]
    seeking: frozenset[str]
    anything: frozenset[str]
    ordinary: frozenset[str]
    negations: frozenset[str]
    negation_prefixes: frozenset[str]
    negation_suffixes: frozenset[str]
    joiners: Mapping[str, str]
    before: Mapping[str, BoundWord]
    after: Mapping[str, BoundWord]
    between_open: frozenset[str]
    between_middle: frozenset[str]
    currencies: Mapping[str, str]
    price_levels: Mapping[str, PriceLevel]
    sorts: Mapping[str, str]
    well_rated: frozenset[str]
    well_rated_least: float
    star_words: frozenset[str]
    rating_before: frozenset[str]
    availability: Mapping[str, tuple[str, bool]]
    genders: Mapping[str, str]
    gender_values: Mapping[str, str]
    truths: Mapping[str, bool]
    size_before: frozenset[str]
    size_words: Mapping[str, str]
    size_systems: Mapping[str, str]
    made_of: frozenset[str]
    not_really: tuple[str, ...]
    having: frozenset[str]
    compatible: frozenset[str]
    by: frozenset[str]
    generic_flag_words: tuple[str, ...]
    too_general_flags: frozenset[str]
    flag_words: Mapping[str, tuple[str, ...]]
    concept_phrases: Mapping[str, tuple[str, ...]]
    concept_names: Mapping[str, tuple[str, ...]]
    usual: Mapping[str, tuple[str, ...]]
    degrees: Mapping[str, Degree]
    superlatives: Mapping[str, Degree]
    comparison: Mapping[str, str]
    kinds: Mapping[str, tuple[str, ...]]
    accessory_words: frozenset[str]
    goes_with: frozenset[str]
    colour_families: Mapping[str, tuple[str, ...]]
    colour_spellings: Mapping[str, str]
    colour_modifiers: frozenset[str]
    material_families: Mapping[str, tuple[str, ...]]
    material_spellings: Mapping[str, str]
    numerals: Mapping[str, int]
    broader: Mapping[str, tuple[str, ...]]
    relative: frozenset[str]
    known_words: frozenset[str]
    ambiguous_colours: frozenset[str]


@lru_cache(maxsize=1)
def measures() -> Measures:
    """Units, roles and sizes."""
    units: dict[str, Unit] = {}
    names: dict[str, Unit] = {}
    glued: dict[str, Unit] = {}
    for dimension, table in _file("units").items():
        for name, told in table.items():
            unit = Unit(name, dimension, float(told["factor"]), float(told.get("offset", 0.0)))
            units[name] = unit
            names.update({folded(alias): unit for alias in told["names"]})
            glued.update({folded(alias): unit for alias in told.get("glued", ())})
    roles, sizes = _file("roles"), _file("sizes")
    return Measures(
        units=units,
        unit_names=names,
        glued_unit_names={**names, **glued},
        roles={
            name: Role(tuple(told["names"]), tuple(told["suffixes"]), tuple(told.get("not_suffixes", ())))
            for name, told in roles.items()
            if "suffixes" in told
        },
        parcel_parts=frozenset(roles["not_the_thing"]["parts"]),
        usual_units=roles["usual_units"],
        letters=tuple(sizes["letters"]),
        letter_names=sizes["letter_names"],
        shoes={system: {size: tuple(same) for size, same in table.items()} for system, table in sizes["shoes"].items()},
    )


@lru_cache(maxsize=8)
def language(code: str = DEFAULT_LANGUAGE) -> Language:
    """A language by its code; every file of it is `<code>.toml` and `<code>_….toml`."""
    told, colours, materials = _file(code), _file(f"{code}_colours"), _file(f"{code}_materials")
    keys = PhraseKeys(told["words"]["plurals"])

    def key_set(phrases: Iterable[str]) -> frozenset[str]:
        return frozenset(keys.of_sign(phrase) for phrase in phrases)

    def keyed(phrases: Mapping[str, Any]) -> dict[str, Any]:
        return {keys.of_sign(phrase): value for phrase, value in phrases.items()}

    sizes, having = told["size"], told["having"]
    concepts = told["concept"]
    return Language(
        code=code,
        keys=keys,
        fillers=key_set(told["words"]["fillers"]),
        links=key_set(told["words"]["links"]),
        ordinary=key_set(told["words"]["ordinary"]),
        negations=key_set(told["negation"]["before"]),
        negation_prefixes=key_set(told["negation"]["prefixes"]),
        negation_suffixes=key_set(told["negation"]["suffixes"]),
        joiners={keys.of_sign(phrase): kind for kind, phrases in told["joining"].items() for phrase in phrases},
        before=_bounds(told, keys, "before"),
        after=_bounds(told, keys, "after"),
        between_open=key_set(told["bound"]["between"]["open"]),
        between_middle=key_set(told["bound"]["between"]["middle"]),
        currencies=keyed(told["currency"]),
        price_levels=_price_levels(told, keys),
        sorts={keys.of_sign(phrase): order for order, phrases in told["sort"].items() for phrase in phrases},
        well_rated=key_set(told["rating"]["well"]),
        well_rated_least=told["rating"]["well_least"],
        star_words=key_set(told["rating"]["star"]),
        rating_before=key_set(told["rating"]["before"]),
        availability=_availability(told, keys),
        genders=phrases_of_people(told["gender"], keys),
        gender_values={folded(value): name for name, one in told["gender"].items() for value in one["values"]},
        made_of=key_set(told["made_of"]["before"]),
        not_really=tuple(keys.of(word) for word in told["made_of"]["not_really"]),
        having=key_set(having["with"]),
        compatible=key_set(having["compatible"]),
        by=key_set(having["by"]),
        generic_flag_words=tuple(keys.of(word) for word in having["generic"]),
        too_general_flags=key_set(having["too_general"]),
        concept_phrases=_grouped(
            (keys.of(phrase), name) for name, one in concepts.items() for phrase in one["phrases"]
        ),
        usual={dimension: tuple(names) for dimension, names in told["usual"].items()},
        degrees=_degrees(told, keys, "less", "more"),
        superlatives=_degrees(told, keys, "least", "most"),
        comparison={keys.of_sign(phrase): kind for kind, phrases in told["comparison"].items() for phrase in phrases},
        kinds=_kinds(told, keys),
        accessory_words=key_set(told["kinds"]["besides"]["accessories"]),
        goes_with=key_set(told["kinds"]["besides"]["goes_with"]),
        relative=key_set(told["words"]["relative"]),
        **_shades_and_stuffs(colours, materials),
        **_sizes(sizes, keys),
        **_numbers_and_kinds(told, keys),
        known_words=_all_words(({**told, "words": {**told["words"], "ordinary": []}}, colours, materials), keys),
    )


def _price_levels(told: Mapping[str, Any], keys: PhraseKeys) -> dict[str, PriceLevel]:
    return {
        keys.of_sign(phrase): PriceLevel(level["label"], level.get("least_share"), level.get("most_share"))
        for level in told["price_level"]
        for phrase in level["phrases"]
    }


def _sizes(sizes: Mapping[str, Any], keys: PhraseKeys) -> dict[str, Any]:
    """The part of a language that is about sizes."""
    return {
        "size_before": frozenset(keys.of_sign(phrase) for phrase in sizes["before"]),
        "size_words": {keys.of_sign(word): letter for letter, words in sizes["letters"].items() for word in words},
        "size_systems": {keys.of_sign(word): system for system, words in sizes["systems"].items() for word in words},
    }


def _numbers_and_kinds(told: Mapping[str, Any], keys: PhraseKeys) -> dict[str, Any]:
    """The part of a language that is about numerals, wider kinds, yes and no, names, and what is sought."""
    return {
        "seeking": frozenset(keys.of_sign(word) for word in told["words"]["seeking"]),
        "anything": frozenset(keys.of_sign(word) for word in told["words"]["anything"]),
        "numerals": {keys.of(word): number for word, number in told["numerals"].items()},
        "broader": {keys.of(word): tuple(map(keys.of, wide)) for word, wide in told["kinds"]["broader"].items()},
        "truths": {**dict.fromkeys(told["truth"]["yes"], True), **dict.fromkeys(told["truth"]["no"], False)},
        "flag_words": {name: tuple(map(keys.of, words)) for name, words in told["flag_words"].items()},
        "concept_names": {name: tuple(one["names"]) for name, one in told["concept"].items()},
    }


def _shades_and_stuffs(colours: Mapping[str, Any], materials: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a language that is about colours and materials."""
    return {
        "colour_families": {family: tuple(shades) for family, shades in colours["families"].items()},
        "colour_spellings": dict(colours["spellings"]),
        "colour_modifiers": frozenset(colours["modifiers"]["words"]) | frozenset(colours["patterns"]["words"]),
        "ambiguous_colours": frozenset(colours["ambiguous"]["words"]),
        "material_families": {family: tuple(kinds) for family, kinds in materials["families"].items()},
        "material_spellings": dict(materials["spellings"]),
    }


def _all_words(tables: Iterable[Any], keys: PhraseKeys) -> frozenset[str]:
    """Every word that the language's files know, in whatever table."""
    found: set[str] = set()
    waiting: list[Any] = list(tables)
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.update(keys.of(one).split())
        elif isinstance(one, Mapping):
            waiting.extend([*one.keys(), *one.values()])  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType] - TOML of any form
        elif isinstance(one, list):
            waiting.extend(one)  # pyright: ignore[reportUnknownArgumentType] - TOML of any form
    return frozenset(found)


def _file(name: str) -> dict[str, Any]:
    folder = resources.files("bottega.shop.catalogue.understanding") / "language"
    return tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))


def _bounds(told: Mapping[str, Any], keys: PhraseKeys, side: str) -> dict[str, BoundWord]:
    kinds: dict[str, tuple[Bound, bool]] = {
        "most_strict": ("most", True),
        "most": ("most", False),
        "least_strict": ("least", True),
        "least": ("least", False),
        "around": ("around", False),
        "exactly": ("exactly", False),
    }
    concepts = {keys.of_sign(phrase): tuple(names) for phrase, names in told["bound_concept"].items()}
    found: dict[str, BoundWord] = {}
    for kind, phrases in told["bound"][side].items():
        bound, strict = kinds[kind]
        for phrase in phrases:
            key = keys.of_sign(phrase)
            found[key] = BoundWord(bound, strict, concepts.get(key, ()))
    return found


def _availability(told: Mapping[str, Any], keys: PhraseKeys) -> dict[str, tuple[str, bool]]:
    facets = {
        "in_stock": ("in_stock", True),
        "out_of_stock": ("in_stock", False),
        "on_sale": ("on_sale", True),
        "not_on_sale": ("on_sale", False),
    }
    return {keys.of_sign(phrase): facets[kind] for kind, phrases in told["availability"].items() for phrase in phrases}


def _degrees(told: Mapping[str, Any], keys: PhraseKeys, less: str, more: str) -> dict[str, Degree]:
    return {
        keys.of_sign(phrase): Degree(tuple(degree["concepts"]), more=side == more)
        for degree in told["degree"]
        for side in (less, more)
        for phrase in degree[side]
    }


def _kinds(told: Mapping[str, Any], keys: PhraseKeys) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for same in told["kinds"]["same"]:
        group = tuple(dict.fromkeys(keys.of(word) for word in same))
        for word in group:
            found[word] = group
    return found


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, name in pairs:
        found[key] = (*found.get(key, ()), name)
    return found
