"""Phrases of a sentence that the catalogue knows: what each may mean, and which meaning the place speaks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bottega.shop.catalogue.understanding.reading import Reading
from bottega.shop.catalogue.understanding.vocabulary import BrandFigures

MatchKind = Literal["brand", "colour", "material", "flag", "value", "gender", "category", "word"]
# The word before a phrase that speaks for one meaning of it.
Marker = Literal["", "by", "made_of", "in", "having", "compatible"]

LONGEST = 5
# A yes-or-no attribute is a wish without "with" only where so many of the things asked for tell about it.
TOLD_FLAG_SHARE = 0.3
MENTIONED_FLAG_SHARE = 0.08
TOLD_MATERIAL_SHARE = 0.25
TOLD_VALUE_SHARE = 0.3
LEAST_TAGGED = 2
# Where a phrase may be several things of the same length, the first of these.
_ORDER: dict[str, int] = {
    "gender": 0,
    "category": 1,
    "brand": 2,
    "flag": 3,
    "colour": 4,
    "material": 5,
    "value": 6,
    "word": 7,
}
_FAVOURED: dict[Marker, tuple[MatchKind, ...]] = {
    "by": ("brand",),
    "made_of": ("material", "colour"),
    "in": ("colour", "material"),
    "having": ("flag", "value"),
    "compatible": ("gender",),
    "": (),
}


@dataclass(frozen=True, slots=True)
class Match:
    """A phrase taken for one thing; `values` are brands, colours, flags and so on as the vocabulary keys them."""

    kind: MatchKind
    start: int
    length: int
    values: tuple[str, ...]
    label: str

    @property
    def end(self) -> int:
        return self.start + self.length


def match_at(reading: Reading, place: int, marker: Marker, *, negated: bool) -> Match | None:
    """The best meaning of the phrase that begins here: the longest, then what the marker speaks for."""
    found = [match for match in _meanings(reading, place, marker, negated=negated)]
    favoured = _FAVOURED[marker]
    # "Not leather" rules a material out, not the shelf of leather care.
    order = _ORDER if not negated else {**_ORDER, "category": 9}
    return min(
        found,
        key=lambda match: (-match.length, match.kind not in favoured, order[match.kind]),
        default=None,
    )


def _meanings(reading: Reading, place: int, marker: Marker, *, negated: bool) -> Iterator[Match]:
    sentence = reading.sentence
    for length in range(min(LONGEST, len(sentence.tokens) - place), 0, -1):
        if not sentence.free(place, length):
            continue
        phrase = sentence.key(place, length)
        if not phrase or sentence.tokens[place].kind == "quoted":
            continue
        for make in (_gender, _category, _brand, _flag, _colour, _material, _value):
            match = make(reading, phrase, place, length, marker, negated=negated)
            if match is not None:
                yield match


def _gender(reading: Reading, phrase: str, place: int, length: int, marker: Marker, *, negated: bool) -> Match | None:
    gender = reading.language.genders.get(phrase)
    if gender is None or not reading.vocabulary.genders:
        return None
    return Match("gender", place, length, (gender,), gender)


def _category(reading: Reading, phrase: str, place: int, length: int, marker: Marker, *, negated: bool) -> Match | None:
    """A category by name; it is the kind of thing asked for only at its head, or what is ruled out."""
    known = any(word in reading.vocabulary.category_phrases for word in reading.language.kinds.get(phrase, (phrase,)))
    if not known:
        return None
    if not negated and length == 1 and phrase != reading.kind_phrase:
        return None
    if not negated and reading.kind_phrase and not phrase.endswith(reading.kind_phrase.split()[-1]):
        return None
    return Match("category", place, length, (phrase,), reading.sentence.said(place, length))


def _brand(reading: Reading, phrase: str, place: int, length: int, marker: Marker, *, negated: bool) -> Match | None:
    owners = reading.vocabulary.brands.get(phrase)
    token = reading.sentence.tokens[place]
    if owners is None:
        if length > 1 or marker == "compatible" or token.kind != "word":
            return None
        return _misspelt_brand(reading, phrase, place)
    if marker == "compatible" or token.kind == "number":
        return None
    if _is_other_word(reading, phrase) and marker != "by" and not reading.sentence.is_name(place, length):
        return None
    return _brand_match(place, length, owners)


def _brand_match(place: int, length: int, owners: tuple[BrandFigures, ...]) -> Match:
    return Match("brand", place, length, tuple(owner.facet for owner in owners), owners[0].title)


def _is_other_word(reading: Reading, phrase: str) -> bool:
    """Whether a brand's name is also a colour, a material or a kind of thing here."""
    vocabulary = reading.vocabulary
    return phrase in vocabulary.colours or phrase in vocabulary.materials or phrase in vocabulary.category_phrases


def _misspelt_brand(reading: Reading, phrase: str, place: int) -> Match | None:
    """A word nobody uses that is one slip away from a single brand."""
    vocabulary, language = reading.vocabulary, reading.language
    token = reading.sentence.tokens[place]
    if phrase in vocabulary.words or token.plain in vocabulary.words or phrase in language.ordinary:
        return None
    if phrase in language.fillers or _is_known(reading, phrase):
        return None
    nearest = vocabulary.brand_spelling.nearest(token.plain)
    if nearest is None:
        return None
    return _brand_match(place, 1, vocabulary.brands[nearest])


def _is_known(reading: Reading, phrase: str) -> bool:
    vocabulary, language = reading.vocabulary, reading.language
    return (
        phrase in vocabulary.value_words
        or phrase in vocabulary.flag_phrases
        or phrase in vocabulary.category_phrases
        or phrase in language.kinds
        or phrase in language.colour_families
        or phrase in language.genders
        or phrase in language.links
        or phrase in language.material_families
    )


def _flag(reading: Reading, phrase: str, place: int, length: int, marker: Marker, *, negated: bool) -> Match | None:
    names = reading.vocabulary.flag_phrases.get(phrase)
    if names is None:
        return None
    marked = marker == "having" or negated
    if not marked:
        if phrase in reading.language.too_general_flags:
            return None
        if reading.kind_phrase and f" {phrase}".endswith(f" {reading.kind_phrase.split()[-1]}"):
            return None
        told = reading.coverage(
            (*names, *(number for name in names for number in reading.vocabulary.flag_numbers.get(name, ())))
        )
        if phrase in reading.language.negation_suffixes:
            return None
        if " " not in phrase and told < (
            MENTIONED_FLAG_SHARE if _says_more_than_titles(reading, phrase, names) else TOLD_FLAG_SHARE
        ):
            return None
    known = [name for name in names if reading.coverage((name,)) > 0] or list(names)
    return Match("flag", place, length, tuple(known), reading.sentence.said(place, length))


def _says_more_than_titles(reading: Reading, phrase: str, names: tuple[str, ...]) -> bool:
    """Whether more products have the attribute than have its words in their titles."""
    vocabulary = reading.vocabulary
    titles = min((vocabulary.kinds[word].products if word in vocabulary.kinds else 0) for word in phrase.split())
    return sum(vocabulary.flags.get(name, (0, 0))[0] for name in names) > titles


def _colour(reading: Reading, phrase: str, place: int, length: int, marker: Marker, *, negated: bool) -> Match | None:
    colour = colour_of(reading, phrase)
    if colour is None or not reading.vocabulary.colours:
        return None
    if (
        colour in reading.language.ambiguous_colours
        and not negated
        and not _speaks_of_colour(reading, place, length, marker)
    ):
        return None
    return Match("colour", place, length, (colour,), colour)


def colour_of(reading: Reading, phrase: str) -> str | None:
    """A colour's one spelling; None for what is no colour here: neither the catalogue nor the language has it."""
    language = reading.language
    words = [language.colour_spellings.get(word, word) for word in phrase.split()]
    colour = language.colour_spellings.get(phrase, " ".join(words))
    if colour in reading.vocabulary.colours or colour in language.colour_families:
        return colour
    if any(colour in shades for shades in language.colour_families.values()):
        return colour
    if len(words) == 2 and words[0] in language.colour_modifiers and words[1] in language.colour_families:
        return colour
    return None


def _speaks_of_colour(reading: Reading, place: int, length: int, marker: Marker) -> bool:
    """Whether a word that is more often something else stands where a colour would."""
    sentence = reading.sentence
    if marker == "in" or sentence.key(place + length, 1) in ("colour", "color", "coloured", "colored"):
        return True
    following = sentence.key(place + length, 1)
    if following and reading.kind_phrase and following == reading.kind_phrase.split()[0]:
        return sentence.key(place, length + 1) not in reading.vocabulary.category_phrases
    joined = sentence.at(place + length, reading.language.joiners)
    if joined is not None:
        other = sentence.key(place + length + joined[1], 1)
        return other in reading.language.colour_families
    return False


def _material(reading: Reading, phrase: str, place: int, length: int, marker: Marker, *, negated: bool) -> Match | None:
    language, vocabulary = reading.language, reading.vocabulary
    material = language.material_spellings.get(phrase, phrase)
    known = material in vocabulary.materials or any(
        kind in vocabulary.materials for kind in language.material_families.get(material, ())
    )
    if negated:
        known = known or material in language.material_families or material in vocabulary.made
    if not known or (length == 1 and phrase.isdigit()):
        return None
    if not negated and marker not in ("made_of", "in") and not _stands_before_noun(reading, phrase, place, length):
        return None
    return Match("material", place, length, (material,), reading.sentence.said(place, length))


def _stands_before_noun(reading: Reading, phrase: str, place: int, length: int) -> bool:
    """ "Leather case": a material in front of the thing, where such things tell what they are made of."""
    if phrase == reading.kind_phrase or reading.coverage(("material",)) < TOLD_MATERIAL_SHARE:
        return False
    if phrase not in reading.language.material_families and phrase not in reading.language.material_spellings:
        # "Gel", "mesh": only the catalogue takes it for a material.
        if reading.vocabulary.materials.get(phrase, 0) < 3:
            return False
    tokens = reading.sentence.tokens
    following = tokens[place + length] if place + length < len(tokens) else None
    if following is None or following.kind != "word" or following.key in reading.language.links:
        return False
    return following.claim is None and reading.sentence.key(place, length + 1) not in reading.language.kinds


def _value(reading: Reading, phrase: str, place: int, length: int, marker: Marker, *, negated: bool) -> Match | None:
    """A value of an attribute that sorts such things into a few: a preference, unless "with" or "without" says more."""
    traits = (*reading.vocabulary.values.get(phrase, ()), *reading.vocabulary.option_values.get(phrase, ()))
    tagged = (f"tag:{phrase}",) if reading.vocabulary.tags.get(phrase, 0) >= LEAST_TAGGED else ()
    if not traits and tagged and phrase not in reading.language.fillers:
        return Match("value", place, length, tagged, reading.sentence.said(place, length))
    if not traits or phrase == reading.kind_phrase or phrase in reading.language.fillers or len(phrase) < 3:
        return None
    told = tuple(trait for trait in traits if reading.coverage((_name_of(trait),)) >= TOLD_VALUE_SHARE)
    if not told or not _stands_for_its_words(reading, phrase, told):
        return None
    return Match("value", place, length, (*told, *tagged), reading.sentence.said(place, length))


def _stands_for_its_words(reading: Reading, phrase: str, traits: tuple[str, ...]) -> bool:
    """Whether the value is told of at least as often as its words stand in titles: else titles know better."""
    vocabulary = reading.vocabulary
    titles = min((vocabulary.kinds[word].products if word in vocabulary.kinds else 0) for word in phrase.split())
    return max(vocabulary.trait_counts.get(trait, 0) for trait in traits) >= titles


def _name_of(trait: str) -> str:
    return trait.partition(":")[2].partition("=")[0]
