"""What a catalogue calls things: the brands, categories, options, attributes and values that sentences can mean."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from bottega.shop.catalogue.understanding.language import DEFAULT_LANGUAGE, Language, language
from bottega.shop.catalogue.understanding.measures import measures
from bottega.shop.catalogue.understanding.misspelling import Spelling
from bottega.shop.catalogue.understanding.number_figures import (
    NumberFigures,
    by_dimension,
    flag_numbers,
    number_figures,
    number_phrases,
)
from bottega.shop.catalogue.understanding.words import folded

# Shares of a price distribution that are kept, from the lowest price to the highest.
PRICE_SHARES = tuple(step / 20 for step in range(21))
# A brand's word that other brands' titles use more often than its own is an ordinary word here.
OWN_WORD_SHARE = 0.5
# A word stands for a whole brand of several words only if it hardly ever means another.
NICKNAME_SHARE = 0.9
SHORTEST_NICKNAME = 4
# An attribute whose values nearly all differ tells things apart; it is no wish.
MOST_DISTINCT_SHARE = 0.4
# More values than these tell things apart, rather than that something is there.
MOST_TOLD_UNDER = 60
# Names are made of titles, in which a bracket became a second underscore.
_BRACKET = re.compile(r"__(.+?)_(?:_|$)")


@dataclass(frozen=True, slots=True)
class BrandFigures:
    """A brand as the facet spells it, as people read it, and how many products it has."""

    facet: str
    title: str
    products: int


@dataclass(frozen=True, slots=True)
class CategoryFigures:
    """A category, how many products are in or below it, and what they cost (by currency, at `PRICE_SHARES`)."""

    path: str
    title: str
    products: int
    prices: Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class KindFigures:
    """A word that ends names in titles: of how many products, in which categories they are, what they tell and cost."""

    word: str
    products: int
    categories: Mapping[str, int]
    fields: Mapping[str, int]
    prices: Mapping[str, Sequence[int]]

    def coverage(self, *names: str) -> float:
        """The share of these products that have the attribute that most of them have, of those named."""
        return max((self.fields.get(name, 0) for name in names), default=0) / max(self.products, 1)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A catalogue's own words, learnt from its published products; `version` changes with them."""

    version: str = ""
    language: Language = field(default_factory=lambda: language(DEFAULT_LANGUAGE))
    products: int = 0
    brands: Mapping[str, tuple[BrandFigures, ...]] = field(default_factory=dict[str, tuple[BrandFigures, ...]])
    names_with_figures: frozenset[str] = frozenset()
    spelling: Spelling = field(default_factory=lambda: Spelling(()))
    known_words: frozenset[str] = frozenset()
    titles: Mapping[str, int] = field(default_factory=dict[str, int])
    categories: Mapping[str, CategoryFigures] = field(default_factory=dict[str, CategoryFigures])
    category_phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    colours: Mapping[str, int] = field(default_factory=dict[str, int])
    sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    materials: Mapping[str, int] = field(default_factory=dict[str, int])
    made: Mapping[str, int] = field(default_factory=dict[str, int])
    genders: Mapping[str, int] = field(default_factory=dict[str, int])
    kind_phrases: Mapping[str, int] = field(default_factory=dict[str, int])
    flags: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    flag_phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    # What attributes tell whose names begin with the word of a yes-or-no attribute: what kind of microphone it has.
    told_under: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    option_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    tags: Mapping[str, int] = field(default_factory=dict[str, int])
    flag_numbers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    value_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    trait_counts: Mapping[str, int] = field(default_factory=dict[str, int])
    numbers: Mapping[str, NumberFigures] = field(default_factory=dict[str, NumberFigures])
    number_phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    dimensions: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    fields: Mapping[str, int] = field(default_factory=dict[str, int])
    kinds: Mapping[str, KindFigures] = field(default_factory=dict[str, KindFigures])
    prices: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])


def vocabulary_of(version: str, content: Mapping[str, Any], code: str = DEFAULT_LANGUAGE) -> Vocabulary:
    """The vocabulary out of what was learnt, with its phrases made for looking sentences up."""
    spoken = language(code)
    traits: Mapping[str, int] = content["traits"]
    categories = {
        path: CategoryFigures(path, title, products, prices) for path, title, products, prices in content["categories"]
    }
    numbers = {told["name"]: number_figures(told) for told in content["numbers"]}
    flags = _flags(traits)
    kinds = {
        told["word"]: KindFigures(told["word"], told["products"], told["categories"], told["fields"], told["prices"])
        for told in content["kinds"]
    }
    brands = _brands(content["brands"], spoken)
    titles: Mapping[str, int] = content["titles"]
    category_phrases = _category_phrases(categories, spoken)
    flag_phrases = _flag_phrases(flags, spoken)
    # "Waterproof nylon" makes no material of waterproof.
    made_of = _counted(traits, "material:")
    materials = {name: count for name, count in made_of.items() if name not in flag_phrases}
    colours = _counted(traits, "colour:")
    value_words = _value_words(traits, spoken)
    constraining = (brands, category_phrases, flag_phrases, materials, colours, spoken.colour_families, spoken.kinds)
    mended = {word for table in constraining for phrase in table for word in phrase.split()}
    mended |= {word for word, figures in kinds.items() if ":" not in word and figures.products > 1}
    return Vocabulary(
        version=version,
        language=spoken,
        products=content["products"],
        brands=brands,
        names_with_figures=_with_figures(brands),
        categories=categories,
        category_phrases=category_phrases,
        colours=colours,
        sizes=_counted(traits, "size:"),
        materials=materials,
        made=_counted(traits, "made:"),
        genders=_counted(traits, "gender:"),
        kind_phrases=_counted(traits, "kind:"),
        flags=flags,
        flag_phrases=flag_phrases,
        told_under=_told_under(traits, flag_phrases),
        values=_values(traits, content["fields"], spoken),
        option_values=_option_values(traits, spoken),
        tags=_counted(traits, "tag:"),
        flag_numbers=flag_numbers(numbers),
        value_words=value_words,
        trait_counts=traits,
        numbers=numbers,
        number_phrases=number_phrases(numbers, spoken),
        dimensions=by_dimension(numbers),
        fields=content["fields"],
        kinds=kinds,
        prices=content["prices"],
        spelling=Spelling(tuple(sorted(mended))),
        titles=titles,
        known_words=frozenset(titles) | mended | frozenset(value_words),
    )


def _with_figures(brands: Mapping[str, Sequence[BrandFigures]]) -> frozenset[str]:
    titles = (owner.title for owners in brands.values() for owner in owners)
    return frozenset(title for title in titles if any(sign.isdigit() for sign in title))


def _counted(traits: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {trait.removeprefix(prefix): count for trait, count in traits.items() if trait.startswith(prefix)}


def _brands(told: Sequence[Sequence[Any]], spoken: Language) -> dict[str, tuple[BrandFigures, ...]]:
    """Brands by every phrase that means them: their name, their name without joining signs, a clear first word."""
    found: dict[str, list[BrandFigures]] = {}
    first_words: dict[str, list[tuple[BrandFigures, float]]] = {}
    for facet, title, products, own_share in told:
        figures = BrandFigures(facet, title, products)
        key = spoken.keys.of(title)
        if not key or (" " not in key and own_share < OWN_WORD_SHARE and products < 20):
            continue
        for phrase in dict.fromkeys((key, key.replace(" ", ""), spoken.keys.of(title.replace("&", " and ")))):
            found.setdefault(phrase, []).append(figures)
        first = key.split()[0]
        if " " in key and len(first) >= SHORTEST_NICKNAME and first.isalpha():
            first_words.setdefault(first, []).append((figures, own_share))
    for word, owners in first_words.items():
        (figures, share) = owners[0]
        if len(owners) == 1 and share >= NICKNAME_SHARE and word not in found and word not in spoken.ordinary:
            found[word] = [figures]
    return {phrase: tuple(owners) for phrase, owners in found.items()}


def _category_phrases(categories: Mapping[str, CategoryFigures], spoken: Language) -> dict[str, tuple[str, ...]]:
    """Categories by title, by each half of a title such as "Hats and caps", and by what their title ends with."""
    found: dict[str, dict[str, None]] = {}
    links = spoken.links | spoken.negations

    def is_name(word: str) -> bool:
        return word not in links

    for path, category in categories.items():
        halves = halves_of(category.title, spoken.accessory_words)
        title, handle = spoken.keys.of(category.title), spoken.keys.of(path.rpartition("/")[2])
        phrases = {title}
        # "eyewear" for "Sunglasses" is one more name; "waterproof" of "Waterproof socks" is none.
        if not set(handle.split()) & set(title.split()) or handle.split()[-1:] == title.split()[-1:]:
            phrases.add(handle)
        phrases.update(spoken.keys.of(half) for half in halves)
        for phrase in phrases:
            found.setdefault(phrase, {})[path] = None
            if phrase == title and len(halves) > 1:
                # What stands before "and" may be no half: "Shoe and leather care" are no shoes.
                continue
            # "Winter caps with ear flaps" are winter caps and caps, and no flaps.
            head = list(takewhile(is_name, phrase.split()))
            for start in range(len(head)):
                found.setdefault(" ".join(head[start:]), {})[path] = None
    return {phrase: tuple(paths) for phrase, paths in found.items() if phrase and phrase not in spoken.accessory_words}


def halves_of(title: str, accessory_words: frozenset[str] = frozenset()) -> list[str]:
    """The parts of a title that names several things: "Hats and caps"; care of shoes and leather is neither."""
    halves = [part.strip() for part in title.replace("&", " and ").replace(",", " and ").split(" and ") if part.strip()]
    tail = halves[-1].split()[-1] if halves else ""
    if len(halves) > 1 and " " in halves[-1] and folded(tail) in accessory_words:
        return [*(f"{half} {tail}" for half in halves[:-1]), halves[-1]]
    return halves


def _flags(traits: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    names = {trait.partition(":")[2] for trait in traits if trait.startswith(("is:", "not:"))}
    return {name: (traits.get(f"is:{name}", 0), traits.get(f"not:{name}", 0)) for name in names}


def _flag_phrases(flags: Mapping[str, tuple[int, int]], spoken: Language) -> dict[str, tuple[str, ...]]:
    """Flags by their name, by it without what only says "is there", by a short form in brackets, by synonyms."""
    found: dict[str, dict[str, None]] = {}
    for name in sorted(flags, key=lambda name: -flags[name][0]):
        phrases: dict[str, None] = {}
        for word in spoken.flag_words.get(name, ()):
            phrases[word] = None
        plain, bracketed = _without_brackets(name)
        phrases[spoken.keys.of(name.replace("_", " "))] = None
        base = spoken.keys.of(plain.replace("_", " "))
        phrases[base] = None
        if len(bracketed) > 1:
            phrases[spoken.keys.of(bracketed.replace("_", " "))] = None
        if base.endswith("able") and " " not in base:
            # "That folds", "folding": foldable.
            stem = base.removesuffix("able")
            phrases.update(dict.fromkeys((stem, f"{stem}e", f"{stem}ing", spoken.keys.of(f"{stem}s"))))
        for generic in spoken.generic_flag_words:
            if base.endswith(f" {generic}"):
                phrases[base.removesuffix(f" {generic}")] = None
            if base.startswith(f"{generic} "):
                phrases[base.removeprefix(f"{generic} ")] = None
        for phrase in phrases:
            found.setdefault(phrase, {})[name] = None
    return {phrase: tuple(names)[:4] for phrase, names in found.items() if phrase}


def _told_under(traits: Mapping[str, int], flag_phrases: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for trait in traits:
        if not trait.startswith("v:"):
            continue
        word, _, rest = trait[2:].partition("_")
        if rest and "=" not in word and word in flag_phrases:
            found.setdefault(word, []).append(trait)
    return {word: tuple(told) for word, told in found.items() if len(told) <= MOST_TOLD_UNDER}


def _without_brackets(name: str) -> tuple[str, str]:
    """A name without what stood in brackets, and that: `power_over_ethernet__poe_` is power over ethernet or PoE."""
    bracket = _BRACKET.search(name)
    if bracket is None:
        return name, ""
    return f"{name[: bracket.start()]}_{name[bracket.end() :]}".strip("_"), bracket[1]


def _values(traits: Mapping[str, int], fields: Mapping[str, int], spoken: Language) -> dict[str, tuple[str, ...]]:
    """Values of texts that sort things into a few kinds, by phrase: the traits they stand for."""
    by_name: dict[str, dict[str, int]] = {}
    for trait, count in traits.items():
        if trait.startswith("v:"):
            name, _, value = trait[2:].partition("=")
            by_name.setdefault(name, {})[value] = count
    roles = measures().roles
    reserved = {role: roles[role] for role in ("colour", "material", "gender", "size")}
    found: dict[str, dict[str, None]] = {}
    for name, values in by_name.items():
        if any(role.rank(name) is not None for role in reserved.values()):
            continue
        if len(values) > max(MOST_DISTINCT_SHARE * fields.get(name, 0), 12):
            continue
        for value, count in values.items():
            key = spoken.keys.of(value)
            if key and count > 1 and not key.replace(" ", "").isdigit():
                found.setdefault(key, {})[f"v:{name}={value}"] = None
    return {phrase: tuple(names) for phrase, names in found.items()}


def _option_values(traits: Mapping[str, int], spoken: Language) -> dict[str, tuple[str, ...]]:
    """Values of options other than colour and size, by phrase."""
    roles = measures().roles
    found: dict[str, dict[str, None]] = {}
    for trait in traits:
        if not trait.startswith("o:"):
            continue
        name, _, value = trait[2:].partition("=")
        if any(roles[role].rank(name) is not None for role in ("colour", "size", "material")):
            continue
        key = spoken.keys.of(value)
        if key and not any(character.isdigit() for character in key):
            found.setdefault(key, {})[trait] = None
    return {phrase: tuple(names) for phrase, names in found.items()}


def _value_words(traits: Mapping[str, int], spoken: Language) -> dict[str, tuple[str, ...]]:
    """All traits in whose value a word occurs: what "without laces" rules out."""
    found: dict[str, list[str]] = {}
    for trait in traits:
        if not trait.startswith(("v:", "tag:", "made:")) or trait.startswith(("v:compat", "v:model", "v:released")):
            continue
        value = trait.partition("=")[2] if trait.startswith("v:") else trait.partition(":")[2]
        for word in dict.fromkeys(spoken.keys.of(value).split()):
            found.setdefault(word, []).append(trait)
    return {word: tuple(names) for word, names in found.items() if len(names) <= 400}


def name_of(trait: str) -> str:
    """The attribute or option that a trait is told of: `v:shape=mummy` → shape."""
    return trait.partition(":")[2].partition("=")[0]


def facet_value(text: str) -> str:
    """A text as the facets of lists spell it: ASCII letters in lower case, others as they are."""
    return text.encode().lower().decode()


def brand_trait(title: str) -> str:
    """A brand as it is compared."""
    return folded(title)
