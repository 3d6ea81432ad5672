"""Reading a sentence: `understand` is the only way in, and pure."""

import re

from bottega.shop.catalogue.understanding.amounts import read_amounts
from bottega.shop.catalogue.understanding.categories import add_categories, is_plainly
from bottega.shop.catalogue.understanding.comparisons import read_comparisons
from bottega.shop.catalogue.understanding.kinds import guess_kind
from bottega.shop.catalogue.understanding.measures import measures
from bottega.shop.catalogue.understanding.mending import mend
from bottega.shop.catalogue.understanding.model import (
    CategoryIs,
    Constraint,
    OtherThan,
    ShownProduct,
    Stated,
    TraitIs,
    Understanding,
)
from bottega.shop.catalogue.understanding.phrases import read_phrases
from bottega.shop.catalogue.understanding.prices import read_price_levels
from bottega.shop.catalogue.understanding.reading import Named, Reading
from bottega.shop.catalogue.understanding.sentence import Claim, sentence_of
from bottega.shop.catalogue.understanding.sizes import read_sizes
from bottega.shop.catalogue.understanding.vocabulary import Vocabulary
from bottega.shop.catalogue.understanding.wishes import read_wishes

LONGEST_SENTENCE_CHARACTERS = 500
# Of a model number.
LEAST_FIGURES = 2
MOST_VALUES = 40
_SIZE = re.compile(r"^(\d{3,5})[x×](\d{3,5})$")


def understand(
    text: str,
    vocabulary: Vocabulary,
    *,
    currency: str,
    shown: ShownProduct | None = None,
    without: frozenset[str] = frozenset(),
) -> Understanding:
    """Words to search by and constraints, read with what the catalogue knows; pure, about a millisecond.

    `currency` is that of the search (amounts in words are taken to be in it), `shown` what comparisons refer to, and
    `without` the keys of constraints that the shopper removed: their words neither constrain nor search any more.
    """
    spaced = " ".join(text[:LONGEST_SENTENCE_CHARACTERS].split())
    sentence = sentence_of(spaced, vocabulary.language, measures(), vocabulary.names_with_figures)
    reading = Reading(sentence, vocabulary, measures(), currency, shown)
    mend(reading)
    _claim_sayings(reading, reading.language.apiece)
    guess_kind(reading)
    read_amounts(reading)
    read_wishes(reading)
    read_comparisons(reading)
    read_price_levels(reading)
    _claim_sayings(reading, reading.language.fillers)
    read_sizes(reading)
    read_phrases(reading)
    _leave_mere_preferences(reading)
    _read_models(reading)
    _read_kind(reading)
    ordered = [
        constraint for _, constraint in sorted(zip(reading.places, reading.constraints, strict=True), key=_place)
    ]
    return Understanding(
        text=sentence.text,
        words=_words(reading, ("kept",)),
        ranking_words=_words(reading, ("kept", "ranking")),
        currency=reading.currency,
        constraints=tuple(constraint for constraint in ordered if constraint.stated.key not in without),
        sort=reading.sort,
        corrections=tuple(reading.corrections),
        removed=tuple(constraint for constraint in ordered if constraint.stated.key in without),
        spoken=_is_spoken(reading),
        names_thing=_names_thing(reading),
        like=shown.title if shown is not None and any(isinstance(one, OtherThan) for one in ordered) else "",
    )


def _place(pair: tuple[int, Constraint]) -> int:
    return pair[0]


def _claim_sayings(reading: Reading, sayings: frozenset[str]) -> None:
    """Takes fillers of several words ("a pair of") away before anything else is made of their words."""
    sentence, place = reading.sentence, 0
    while place < len(sentence.tokens):
        length = sentence.has_at(place, sayings)
        if length > 1:
            sentence.claim(place, length, "filler")
        place += max(length, 1)


def _leave_mere_preferences(reading: Reading) -> None:
    """Preferences alone are words to rank by, not constraints: "laser printer" is searched as it stands."""
    if all(constraint.stated.strength == "soft" for constraint in reading.constraints) and reading.sort is None:
        reading.constraints.clear()
        reading.places.clear()


def _read_models(reading: Reading) -> None:
    """Model numbers ("LP2475w", "A51"): what is named so precisely is meant, and told by titles or values.

    Of a single figure the name is rather short for something else ("PS4", "Cat6"), which is left to the search.
    """
    told = reading.vocabulary.value_words
    for place, token in enumerate(reading.sentence.tokens):
        if (size := _SIZE.match(token.key)) is not None and token.kind == "model" and token.claim is None:
            # "2560x1440", which values write with spaces.
            both = [value for value in told.get(size[1], ()) if value in told.get(size[2], ())]
            if both:
                stated = Stated(f"value:{token.key}", f"{size[1]} x {size[2]}", token.text)
                reading.found(TraitIs(stated, (f"w:{token.key}", *both[:MOST_VALUES])), place)
                reading.sentence.claim(place, 1, "kept")
            continue
        figures = sum(character.isdecimal() for character in token.key)
        is_format = token.key in reading.language.formats
        is_model = figures >= LEAST_FIGURES and len(token.key) > figures
        if token.kind == "model" and token.claim is None and (is_model or is_format):
            stated = Stated(f"{'value' if is_format else 'model'}:{token.key}", token.text, token.text)
            reading.found(TraitIs(stated, (f"w:{token.key}", *told.get(token.key, ())[:MOST_VALUES])), place)
            reading.sentence.claim(place, 1, "kept")


def _read_kind(reading: Reading) -> None:
    """The kind of thing asked for, where a sentence asks, something else narrows the search, or a category is named.

    A few words alone are left to the search, which ranks what is called so and what goes with it.
    """
    if any(isinstance(known, CategoryIs) and not known.negated for known in reading.constraints):
        return
    sentence = reading.sentence
    names = reading.named or _kind_left(reading)
    if not names:
        return
    for name in names:
        sentence.claim(name.place, name.length, "ranking")
    narrowed = bool(reading.constraints) or reading.sort is not None or len(names) > 1 or _is_spoken(reading)
    alone = not _words(reading, ("kept",))
    if narrowed or (reading.named and is_plainly(reading, names[0].phrase, alone=alone)):
        add_categories(reading, names)
        return
    for name in names:
        sentence.claim(name.place, name.length, "kept")


def _is_spoken(reading: Reading) -> bool:
    """Whether there are words that only a sentence has."""
    language = reading.language
    return any(token.key in language.links or token.key in language.fillers for token in reading.sentence.tokens)


def _names_thing(reading: Reading) -> bool:
    """Whether a word that is only searched by names things of the catalogue, and no kind of thing constrains."""
    if any(isinstance(known, CategoryIs) and not known.negated for known in reading.constraints):
        return False
    vocabulary = reading.vocabulary
    left = [token.key for token in reading.sentence.tokens if token.claim in (None, "kept") and token.kind == "word"]
    return any(key in vocabulary.kinds or key in vocabulary.category_phrases for key in left)


def _kind_left(reading: Reading) -> list[Named]:
    """The kind of thing where no category has its name; without words before it that say something by themselves."""
    sentence, words = reading.sentence, reading.kind_phrase.split()
    for length in range(len(words), 0, -1):
        phrase = " ".join(words[len(words) - length :])
        for place in range(len(sentence.tokens)):
            if sentence.key(place, length) == phrase and sentence.free(place, length):
                first = Named(phrase, sentence.said(place, length), place)
                return [first, *_alternative(reading, place + length)]
    return []


def _alternative(reading: Reading, place: int) -> list[Named]:
    """Another kind of thing that would do as well: "table or stove"."""
    sentence, vocabulary = reading.sentence, reading.vocabulary
    joined = sentence.at(place, reading.language.joiners)
    if joined is None or joined[0] != "either":
        return []
    start = place + joined[1]
    tables = (vocabulary.category_phrases, vocabulary.kinds)
    known = any(sentence.key(start, 1) in table for table in tables)
    return [Named(sentence.key(start, 1), sentence.said(start, 1), start)] if known and sentence.free(start) else []


def _words(reading: Reading, claims: tuple[Claim, ...]) -> str:
    """The words nobody claimed and those claimed as told, as they were written; what says nothing is left out."""
    sentence, language = reading.sentence, reading.language
    read_as = {correction.said: correction.read for correction in reading.corrections}
    kept: list[str] = []
    end = -1
    place = 0
    tokens = sentence.tokens
    while place < len(tokens):
        token = tokens[place]
        # A part of a compound ("well-made") is no filler.
        joined = token.glued or (place + 1 < len(tokens) and tokens[place + 1].glued)
        if token.claim is None and not joined:
            length = sentence.has_at(place, language.fillers) or sentence.has_at(place, language.links)
            if length:
                place += length
                continue
        if (token.claim is None and token.kind != "sign") or token.claim in claims:
            written = f'"{token.text}"' if token.kind == "quoted" else read_as.get(token.text, token.text)
            if kept and token.start == end:
                kept[-1] += written
            elif kept and token.glued and token.start == end + 1:
                kept[-1] += sentence.text[end : token.start] + written
            else:
                kept.append(written)
            end = token.end
        place += 1
    return " ".join(kept)
