"""What is authored about a language: read once from the files beside this module."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from bottega.shop.catalogue.understanding.measures import authored
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
class PriceLevel:
    """A price relative to a distribution: between two shares of it."""

    label: str
    least_share: float | None
    most_share: float | None


@dataclass(frozen=True, slots=True)
class Degree:
    """A comparative or superlative of numbers: which concepts, whether more or less is wanted, the plainest word."""

    concepts: tuple[str, ...]
    more: bool
    word: str
    # Whether neither: as much as what is shown has.
    same: bool = False


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
    negations_after: frozenset[str]
    joiners: Mapping[str, str]
    before: Mapping[str, BoundWord]
    after: Mapping[str, BoundWord]
    between_open: frozenset[str]
    between_middle: frozenset[str]
    between_close: frozenset[str]
    crumbs: frozenset[str]
    # Turn a bound as negations do, and rule nothing out elsewhere: "won't pay more than".
    refusals: frozenset[str]
    # Last words of kinds that fit one maker's things and no other's: "lamp" for a projector.
    fits_one: frozenset[str]
    # What is one of these, too, for whoever must not have it: almonds are nuts.
    contained: Mapping[str, tuple[str, ...]]
    # Values of attributes that only things called so have.
    told_of: Mapping[str, tuple[str, ...]]
    # Stand at the end of many titles and name no thing: "internal".
    describing: frozenset[str]
    # Say in front of a thing nothing of what it is: "replacement".
    as_such: frozenset[str]
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
    # In front of what is told in numbers: "more", "less" or the "same".
    more_or_less: Mapping[str, str]
    kinds: Mapping[str, tuple[str, ...]]
    accessory_words: frozenset[str]
    goes_with: frozenset[str]
    colour_families: Mapping[str, tuple[str, ...]]
    colour_spellings: Mapping[str, str]
    colour_modifiers: frozenset[str]
    material_families: Mapping[str, tuple[str, ...]]
    material_spellings: Mapping[str, str]
    numerals: Mapping[str, int]
    # Phrases that titles mostly tell in another word: "cordless".
    told_as: Mapping[str, str]
    # Parts of one in front of what is measured, and those added behind it.
    fractions: Mapping[str, float]
    fractions_added: Mapping[str, float]
    broader: Mapping[str, tuple[str, ...]]
    relative: frozenset[str]
    pointing: frozenset[str]
    # Written so by everybody, with a single figure: "A3", "4K".
    formats: frozenset[str]
    # "Each piece": of one, and no number of pieces.
    apiece: frozenset[str]
    known_words: frozenset[str]
    ambiguous_colours: frozenset[str]


@lru_cache(maxsize=8)
def language(code: str = DEFAULT_LANGUAGE) -> Language:
    """A language by its code; every file of it is `<code>.toml` and `<code>_….toml`."""
    told, colours, materials = authored(code), authored(f"{code}_colours"), authored(f"{code}_materials")
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
        negations=key_set(told["negation"]["before"]),
        negation_prefixes=key_set(told["negation"]["prefixes"]),
        negation_suffixes=key_set(told["negation"]["suffixes"]),
        negations_after=key_set(told["negation"]["after"]),
        joiners={keys.of_sign(phrase): kind for kind, phrases in told["joining"].items() for phrase in phrases},
        before=_bounds(told, keys, "before"),
        after=_bounds(told, keys, "after"),
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
        kinds=_kinds(told, keys),
        **_comparisons(told["comparison"], keys),
        **_plain_words(told["words"], keys),
        **_shades_and_stuffs(colours, materials),
        **_ranges(told["bound"], keys),
        **_besides(told["kinds"]["besides"], keys),
        **_sizes(sizes, keys),
        **_numbers_and_kinds(told, keys),
        known_words=_all_words(({**told, "words": {**told["words"], "ordinary": []}}, colours, materials), keys),
    )


def _plain_words(words: Mapping[str, Any], keys: PhraseKeys) -> dict[str, Any]:
    """The part of a language that is about words by themselves."""
    fields = ("fillers", "links", "ordinary", "relative", "pointing", "apiece", "formats")
    return {field: frozenset(keys.of_sign(word) for word in words[field]) for field in fields}


def _comparisons(comparison: Mapping[str, Any], keys: PhraseKeys) -> dict[str, Any]:
    """The part of a language that is about comparing with what is shown."""
    kinds = {kind: phrases for kind, phrases in comparison.items() if kind != "of_number"}
    of_number = comparison["of_number"]
    return {
        "comparison": {keys.of_sign(phrase): kind for kind, phrases in kinds.items() for phrase in phrases},
        "more_or_less": {keys.of_sign(word): side for side, words in of_number.items() for word in words},
    }


def _price_levels(told: Mapping[str, Any], keys: PhraseKeys) -> dict[str, PriceLevel]:
    return {
        keys.of_sign(phrase): PriceLevel(level["label"], level.get("least_share"), level.get("most_share"))
        for level in told["price_level"]
        for phrase in level["phrases"]
    }


def _ranges(bound: Mapping[str, Any], keys: PhraseKeys) -> dict[str, Any]:
    """The part of a language that is about what stands around amounts."""
    between = {f"between_{part}": phrases for part, phrases in bound["between"].items()}
    return {
        name: frozenset(keys.of_sign(phrase) for phrase in phrases)
        for name, phrases in {**between, "crumbs": bound["crumbs"], "refusals": bound["refusals"]}.items()
    }


def _besides(besides: Mapping[str, Any], keys: PhraseKeys) -> dict[str, Any]:
    """The part of a language that is about words around the names of things."""
    named = {**besides, "accessory_words": besides["accessories"]}
    fields = ("accessory_words", "goes_with", "fits_one", "as_such", "describing")
    return {field: frozenset(keys.of_sign(word) for word in named[field]) for field in fields}


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
        "told_as": {keys.of(phrase): keys.of(word) for phrase, word in told["told_as"].items()},
        "fractions": {keys.of(word): part for word, part in told["fractions"].items() if word != "added"},
        "fractions_added": {keys.of(word): part for word, part in told["fractions"]["added"].items()},
        "broader": {keys.of(word): tuple(map(keys.of, wide)) for word, wide in told["kinds"]["broader"].items()},
        "contained": {keys.of(one): tuple(map(keys.of, rest)) for one, rest in told["made_of"]["families"].items()},
        "told_of": {keys.of(word): tuple(names) for word, names in told["kinds"]["told_of"].items()},
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
        keys.of_sign(phrase): Degree(tuple(degree["concepts"]), side == more, degree[side][0])
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
    found.update({keys.of(word): found[keys.of(whole)] for word, whole in told["kinds"]["short"].items()})
    return found


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, name in pairs:
        found[key] = (*found.get(key, ()), name)
    return found
