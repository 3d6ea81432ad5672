"""Phrases of a sentence that the catalogue knows: what each may mean, and which meaning the place speaks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bottega.shop.catalogue.understanding.reading import Reading
from bottega.shop.catalogue.understanding.vocabulary import BrandFigures, name_of

MatchKind = Literal["brand", "colour", "material", "flag", "mention", "value", "gender", "category", "word"]
# The word before a phrase that speaks for one meaning of it.
Marker = Literal["", "by", "made_of", "in", "having", "compatible"]

LONGEST = 5
# A yes-or-no attribute is a wish without "with" only where so many of the things asked for tell about it; fewer are
# enough where products tell of it oftener in the attribute than in their titles.
TOLD_FLAG_SHARE = 0.3
MENTIONED_FLAG_SHARE = 0.08
TOLD_MATERIAL_SHARE = 0.25
TOLD_VALUE_SHARE = 0.3
# Where fewer tell it, a title that mentions it tells it as well.
LEAST_TOLD_FLAG_SHARE = 0.02
LEAST_TAGGED = 2
LEAST_MADE_OF = 3
# Where a phrase may be several things of the same length, the first of these.
_ORDER: dict[MatchKind, int] = {
    "gender": 0,
    "category": 1,
    "brand": 2,
    "flag": 3,
    "colour": 4,
    "material": 5,
    "value": 6,
    "mention": 7,
    "word": 8,
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


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase where it stands: its key, its tokens, the marker before it, and whether it is being ruled out."""

    key: str
    start: int
    length: int
    marker: Marker
    negated: bool

    def match(self, kind: MatchKind, values: tuple[str, ...], label: str) -> Match:
        """This phrase, taken for that."""
        return Match(kind, self.start, self.length, values, label)


def match_at(reading: Reading, place: int, marker: Marker, *, negated: bool, of_another: bool = False) -> Match | None:
    """The best meaning of the phrase that begins here: the longest, then what the marker speaks for.

    `of_another` where it tells of another thing, which what is wanted is to go with: "cream for leather boots".
    """
    favoured = _FAVOURED[marker]
    # "Not leather" rules a material out, not the shelf of leather care.
    order = _ORDER if not negated else {**_ORDER, "category": len(_ORDER)}
    return min(
        _meanings(reading, place, marker, negated=negated, of_another=of_another),
        key=lambda match: (-match.length, match.kind not in favoured, order[match.kind]),
        default=None,
    )


def _meanings(reading: Reading, place: int, marker: Marker, *, negated: bool, of_another: bool) -> Iterator[Match]:
    sentence = reading.sentence
    if sentence.tokens[place].kind == "quoted":
        return
    for length in range(min(LONGEST, len(sentence.tokens) - place), 0, -1):
        key = sentence.key(place, length)
        if not key or not sentence.free(place, length):
            continue
        phrase = Phrase(key, place, length, marker, negated)
        for take in _TAKEN_OF_ANOTHER if of_another else _TAKEN:
            match = take(reading, phrase)
            if match is not None:
                yield match


def _gender(reading: Reading, phrase: Phrase) -> Match | None:
    gender = reading.language.genders.get(phrase.key)
    if gender is None or not reading.vocabulary.genders:
        return None
    if reading.kind is not None and not phrase.negated and reading.coverage(("role:gender",)) == 0:
        # Where such things never tell whom they are for, their titles and texts may.
        return None
    return phrase.match("gender", (gender,), gender)


def _category(reading: Reading, phrase: Phrase) -> Match | None:
    """A category by name; it is the kind of thing asked for only at its head, or what is ruled out."""
    known = reading.vocabulary.category_phrases
    if not any(word in known for word in reading.language.kinds.get(phrase.key, (phrase.key,))):
        return None
    if not phrase.negated and phrase.length == 1 and phrase.key != reading.kind_phrase:
        return None
    if not phrase.negated and not (reading.kind_phrase and phrase.key.endswith(reading.kind_phrase.split()[-1])):
        return None
    return phrase.match("category", (phrase.key,), _said(reading, phrase))


def _said(reading: Reading, phrase: Phrase) -> str:
    return reading.sentence.said(phrase.start, phrase.length)


def _brand(reading: Reading, phrase: Phrase) -> Match | None:
    owners = reading.vocabulary.brands.get(phrase.key)
    token = reading.sentence.tokens[phrase.start]
    if phrase.marker == "compatible" or token.kind == "number":
        return None
    if owners is None:
        return None
    is_name = phrase.marker == "by" or reading.sentence.is_name(phrase.start, phrase.length)
    if _is_other_word(reading, phrase.key) and not is_name:
        return None
    return _of_owners(phrase, owners)


def _of_owners(phrase: Phrase, owners: tuple[BrandFigures, ...]) -> Match:
    return phrase.match("brand", tuple(owner.facet for owner in owners), owners[0].title)


def _is_other_word(reading: Reading, key: str) -> bool:
    """Whether a brand's name is also a colour, a material or a kind of thing here."""
    vocabulary = reading.vocabulary
    return key in vocabulary.colours or key in vocabulary.materials or key in vocabulary.category_phrases


def _flag(reading: Reading, phrase: Phrase) -> Match | None:
    names = reading.vocabulary.flag_phrases.get(phrase.key)
    if names is None or (phrase.key == reading.kind_phrase and not phrase.negated):
        return None
    if phrase.marker != "having" and not phrase.negated and not _is_told(reading, phrase.key, names):
        return None
    if not phrase.negated and not any(_is_had(reading, name) for name in names):
        # What little is told of it says that nothing has it.
        return None
    known = tuple(name for name in names if reading.coverage((name,)) > 0)
    if not known and phrase.marker == "compatible":
        # "A headset for video calls": what telephones tell that they can do.
        return None
    known = known or names
    return phrase.match("flag", known, _said(reading, phrase))


def _mention(reading: Reading, phrase: Phrase) -> Match | None:
    """A yes-or-no attribute that few of the things asked for tell: those do, or their titles say so: "bluetooth"."""
    language, key = reading.language, phrase.key
    names = reading.vocabulary.flag_phrases.get(key, ())
    if " " in key or phrase.negated or reading.kind is None or key == reading.kind_phrase:
        return None
    if key in language.too_general_flags or key in language.fillers or not reading.vocabulary.titles.get(key, 0):
        return None
    told = tuple(name for name in names if reading.coverage((name,)) >= LEAST_TOLD_FLAG_SHARE)
    return phrase.match("mention", told, _said(reading, phrase)) if told else None


def _is_had(reading: Reading, flag: str) -> bool:
    return reading.vocabulary.flags[flag][0] > 0 or flag in reading.vocabulary.flag_numbers


def _is_told(reading: Reading, key: str, names: tuple[str, ...]) -> bool:
    """Whether an attribute is wished for where neither "with" nor "without" says so: "a waterproof jacket"."""
    language, vocabulary = reading.language, reading.vocabulary
    if key in language.too_general_flags or key in language.negation_suffixes:
        return False
    head = reading.kind_phrase.split()[-1] if reading.kind_phrase else ""
    if head and f" {key}".endswith(f" {head}"):
        # "Rain clothes" are waterproof; a "graphics card" is a card.
        return head in language.anything and " " in key
    if " " in key:
        return reading.kind is None or reading.coverage(names) > 0
    numbers = tuple(number for name in names for number in vocabulary.flag_numbers.get(name, ()))
    titled = min(vocabulary.titles.get(word, 0) for word in key.split())
    oftener = sum(vocabulary.flags.get(name, (0, 0))[0] for name in names) > titled
    return reading.coverage((*names, *numbers)) >= (MENTIONED_FLAG_SHARE if oftener else TOLD_FLAG_SHARE)


def _colour(reading: Reading, phrase: Phrase) -> Match | None:
    colour = colour_of(reading, phrase.key)
    if colour is None or not reading.vocabulary.colours:
        return None
    if _is_rather_material(reading, phrase.key, colour):
        return None
    if colour in reading.language.ambiguous_colours and not phrase.negated and not _speaks_of_colour(reading, phrase):
        return None
    return phrase.match("colour", (colour,), colour)


def _is_rather_material(reading: Reading, key: str, colour: str) -> bool:
    """Whether the catalogue makes things of it oftener than it paints them so: titanium, stainless steel."""
    vocabulary, language = reading.vocabulary, reading.language
    material = language.material_spellings.get(key, key)
    if colour in language.colour_families:
        return False
    return vocabulary.materials.get(material, 0) > vocabulary.colours.get(colour, 0)


def colour_of(reading: Reading, key: str) -> str | None:
    """A colour's one spelling; None for what is no colour here: neither the catalogue nor the language has it."""
    language = reading.language
    words = [language.colour_spellings.get(word, word) for word in key.split()]
    colour = language.colour_spellings.get(key, " ".join(words))
    if colour in reading.vocabulary.colours or colour in language.colour_families:
        return colour
    if any(colour in shades for shades in language.colour_families.values()):
        return colour
    is_modified = len(words) == 2 and words[0] in language.colour_modifiers and words[1] in language.colour_families
    return colour if is_modified else None


def _speaks_of_colour(reading: Reading, phrase: Phrase) -> bool:
    """Whether a word that is more often something else stands where a colour would."""
    sentence, end = reading.sentence, phrase.start + phrase.length
    following = sentence.key(end, 1)
    if phrase.marker == "in" or following in ("colour", "color", "coloured", "colored"):
        return True
    vocabulary, names_more = reading.vocabulary, sentence.free(end) and not sentence.has_at(end, reading.language.links)
    if names_more and vocabulary.colours.get(phrase.key, 0) > vocabulary.titles.get(phrase.key, 0):
        # "Silver" is a colour where more is told to be silver than is called so.
        return following != "" and sentence.tokens[end].kind == "word"
    if following and reading.kind_phrase and following == reading.kind_phrase.split()[0]:
        whole, vocabulary = sentence.key(phrase.start, phrase.length + 1), reading.vocabulary
        return not any(
            whole in table for table in (vocabulary.category_phrases, vocabulary.kinds, reading.language.kinds)
        )
    joined = sentence.at(end, reading.language.joiners)
    return joined is not None and sentence.key(end + joined[1], 1) in reading.language.colour_families


def _material(reading: Reading, phrase: Phrase) -> Match | None:
    language, vocabulary = reading.language, reading.vocabulary
    material = language.material_spellings.get(phrase.key, phrase.key)
    families = language.material_families
    known = any(kind in vocabulary.materials for kind in (material, *families.get(material, ())))
    if phrase.negated:
        known = known or material in families or material in vocabulary.made
    if not known or phrase.key.isdigit():
        return None
    if not phrase.negated and phrase.marker not in ("made_of", "in") and not _stands_before_noun(reading, phrase):
        return None
    return phrase.match("material", (material,), _said(reading, phrase))


def _stands_before_noun(reading: Reading, phrase: Phrase) -> bool:
    """A material in front of the thing ("leather case"), where such things tell what they are made of."""
    language, sentence, end = reading.language, reading.sentence, phrase.start + phrase.length
    if phrase.key == reading.kind_phrase or reading.coverage(("role:material",)) < TOLD_MATERIAL_SHARE:
        return False
    is_material = phrase.key in language.material_spellings or any(
        phrase.key == family or phrase.key in kinds for family, kinds in language.material_families.items()
    )
    if is_material and sentence.key(phrase.start - 1, 1) == "," and not sentence.key(end, 1).strip(","):
        # "A case, silicone".
        return True
    # "Gel", "mesh": only the catalogue takes it for a material.
    if not is_material and reading.vocabulary.materials.get(phrase.key, 0) < LEAST_MADE_OF:
        return False
    if not sentence.free(end) or sentence.tokens[end].kind != "word" or sentence.tokens[end].key in language.links:
        return False
    return sentence.key(phrase.start, phrase.length + 1) not in language.kinds


def _value(reading: Reading, phrase: Phrase) -> Match | None:
    """A value of an attribute that sorts such things into a few, or a tag: a preference, unless it is ruled out."""
    vocabulary, key = reading.vocabulary, phrase.key
    if key == reading.kind_phrase or key in reading.language.fillers or len(key) < 3:
        return None
    traits = (*vocabulary.values.get(key, ()), *vocabulary.option_values.get(key, ()))
    tagged = (f"tag:{key}",) if vocabulary.tags.get(key, 0) >= LEAST_TAGGED else ()
    told = tuple(trait for trait in traits if reading.coverage((name_of(trait),)) >= TOLD_VALUE_SHARE)
    if traits and not (told and _stands_for_its_words(reading, key, told)):
        return None
    wanted = (*told, *tagged)
    return phrase.match("value", wanted, _said(reading, phrase)) if wanted else None


def _stands_for_its_words(reading: Reading, key: str, traits: tuple[str, ...]) -> bool:
    """Whether the value is told of at least as often as its words stand in titles: else titles know better."""
    vocabulary = reading.vocabulary
    titled = min(vocabulary.titles.get(word, 0) for word in key.split())
    return max(vocabulary.trait_counts.get(trait, 0) for trait in traits) >= titled


# What a thing is to go with tells for whom and for what it is, but not its own colour, material or maker.
_TAKEN_OF_ANOTHER = (_gender, _flag, _value)
_TAKEN = (_gender, _category, _brand, _flag, _colour, _material, _value, _mention)
