"""Sizes: letters, EU, UK and US numbers, with or without the word "size", as options of variants."""

from dataclasses import dataclass

from bottega.shop.catalogue.understanding.model import Stated, TraitIs
from bottega.shop.catalogue.understanding.reading import Reading
from bottega.shop.catalogue.understanding.sentence import Sentence

LEAST_SIZED_SHARE = 0.5
SHORTEST_PLAIN_SIZE = 2


@dataclass(frozen=True, slots=True)
class _Size:
    label: str
    values: tuple[str, ...]
    length: int


def read_sizes(reading: Reading) -> None:
    """Adds one constraint for the sizes that are named, "M or L" as alternatives."""
    if not reading.vocabulary.sizes:
        return
    sentence = reading.sentence
    place = 0
    while place < len(sentence.tokens):
        marked = sentence.has_at(place, reading.language.size_before)
        size = _size_at(reading, place + marked, marked=marked > 0) if marked else None
        if size is None:
            marked, size = 0, _size_at(reading, place, marked=False)
        if size is None:
            place += 1
            continue
        place = _take(reading, place, marked, size)


def _take(reading: Reading, start: int, marked: int, first: _Size) -> int:
    sentence, sizes = reading.sentence, [first]
    end = start + marked + first.length
    while (joined := _joiner(sentence, reading, end)) and (more := _size_at(reading, end + joined, marked=True)):
        sizes.append(more)
        end += joined + more.length
    values = tuple(dict.fromkeys(value for size in sizes for value in size.values))
    label = " or ".join(size.label for size in sizes)
    traits = tuple(f"size:{value}" for value in values)
    stated = Stated(
        f"size:{'|'.join(size.values[0] for size in sizes)}", f"size {label}", sentence.said(start, end - start)
    )
    reading.found(TraitIs(stated, traits), start)
    sentence.claim(start, end - start, "constraint")
    return end


def _joiner(sentence: Sentence, reading: Reading, place: int) -> int:
    found = sentence.at(place, reading.language.joiners)
    return found[1] if found is not None else 0


def _size_at(reading: Reading, place: int, *, marked: bool) -> _Size | None:
    """A size that begins here; unmarked ones must look like nothing else."""
    sentence = reading.sentence
    if not sentence.free(place):
        return None
    if (system := sentence.at(place, reading.language.size_systems)) is not None:
        size = _number(reading, place + system[1], system[0])
        if size is not None:
            return _Size(size.label, size.values, system[1] + size.length)
    if (glued := _glued(reading, place)) is not None:
        return glued
    letters = _letters(reading, place, marked=marked)
    if letters is not None:
        return letters
    size = _number(reading, place, "")
    if size is None:
        return None
    if (system := sentence.at(place + size.length, reading.language.size_systems)) is not None:
        converted = _number(reading, place, system[0])
        if converted is not None:
            return _Size(converted.label, converted.values, size.length + system[1])
    return size if marked or _is_plain_size(reading, place, size) else None


def _letters(reading: Reading, place: int, *, marked: bool) -> _Size | None:
    sentence, measures = reading.sentence, reading.measures
    token = sentence.tokens[place]
    written = measures.letter_names.get(token.text.upper(), token.text.upper())
    if written in measures.letters:
        single = len(written) == 1
        if not marked and (written.lower() not in reading.vocabulary.sizes or (single and not token.text.isupper())):
            return None
        if single and not marked and (token.glued or sentence.text.isupper()):
            return None
        return _Size(written, (written.lower(),), 1)
    word = sentence.at(place, reading.language.size_words)
    if word is not None and (marked or sentence.key(place - 1, 1) == "in"):
        return _Size(word[0], (word[0].lower(),), word[1])
    if marked and token.plain in reading.vocabulary.sizes and token.kind != "number":
        return _Size(token.text, (token.plain,), 1)
    return None


def _glued(reading: Reading, place: int) -> _Size | None:
    """ "EU42" and "UK8.5"."""
    token = reading.sentence.tokens[place]
    if token.kind != "model":
        return None
    for prefix, system in reading.language.size_systems.items():
        number = token.plain.removeprefix(prefix)
        if number != token.plain and number.replace(".", "", 1).isdigit():
            values = _values(reading, number, system)
            return _Size(f"{system.upper()} {number}", values, 1) if values else None
    return None


def _number(reading: Reading, place: int, system: str) -> _Size | None:
    """A number as a size of this system ('' for the catalogue's own)."""
    sentence = reading.sentence
    if not sentence.free(place) or sentence.tokens[place].kind != "number":
        return None
    text, length = sentence.tokens[place].plain.replace(",", "."), 1
    # "39-41" is one size where the catalogue has it.
    if sentence.key(place + 1, 1) in ("-", "–", "/") and sentence.free(place + 1, 2):
        ranged = f"{text}-{sentence.tokens[place + 2].plain}"
        if ranged in reading.vocabulary.sizes:
            return _Size(ranged, (ranged,), 3)
    values = _values(reading, text, system)
    if not values:
        return None
    shown = f"{system.upper()} {text}" if system else text
    return _Size(shown, values, length)


def _values(reading: Reading, number: str, system: str) -> tuple[str, ...]:
    """The catalogue's sizes that this is: written with the system, else converted, else as it stands."""
    sizes = reading.vocabulary.sizes
    written = [value for value in (f"{system} {number}", f"{system}{number}", f"{number} {system}") if value in sizes]
    if system and written:
        return tuple(written)
    if system in reading.measures.shoes:
        return tuple(reading.measures.shoes[system].get(number, ()))
    return (number,)


def _is_plain_size(reading: Reading, place: int, size: _Size) -> bool:
    """Whether a bare number is a size: "boots 42", "in 42", where things of the kind come in this size."""
    sentence = reading.sentence
    if not any(value in reading.vocabulary.sizes for value in size.values):
        return False
    if reading.kind is None or reading.coverage(("role:size",)) < LEAST_SIZED_SHARE:
        return False
    before = sentence.tokens[place - 1] if place > 0 else None
    follows = sentence.tokens[place + size.length] if place + size.length < len(sentence.tokens) else None
    if len(size.label) < SHORTEST_PLAIN_SIZE:
        return False
    ends = follows is None or _ends_phrase(reading, place + size.length)
    if follows is not None and follows.kind == "word" and follows.claim is None and not ends:
        # "42 boots" is a size, "2 pairs" is not.
        return follows.key in reading.vocabulary.kinds
    return before is not None and before.kind == "word"


def _ends_phrase(reading: Reading, place: int) -> bool:
    """Whether something else begins here: "boots 42 without …"."""
    sentence, language = reading.sentence, reading.language
    tables = (
        language.links,
        language.negations,
        language.having,
        language.compatible,
        language.made_of,
        language.fillers,
    )
    return any(sentence.has_at(place, table) for table in tables)
