"""Making a sentence's tokens whole before they are read: figures in words, minus signs, split words, slips."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from bottega.shop.catalogue.understanding.model import Correction
from bottega.shop.catalogue.understanding.reading import Reading
from bottega.shop.catalogue.understanding.sentence import LONGEST_PHRASE, Token
from bottega.shop.catalogue.understanding.words import folded

SHORTEST_JOINED = 3
# "One" and "two" are mostly no figures; from ten on, and before what is measured or paid, they are.
LEAST_FIGURE = 10
HUNDRED, THOUSAND = 100, 1000
Told = TypeVar("Told")
_ONE = {"a": 1, "an": 1, "one": 1}


def mend(reading: Reading) -> None:
    """Replaces the sentence's tokens by whole ones, and notes which words were read as others."""
    reading.sentence.tokens = _with_figures(reading, reading.sentence.tokens)
    reading.sentence.tokens = _with_joined_words(reading, reading.sentence.tokens)
    reading.sentence.tokens = _with_usual_words(reading, reading.sentence.tokens)
    for token in reading.sentence.tokens:
        _correct(reading, token)


def _with_figures(reading: Reading, tokens: list[Token]) -> list[Token]:
    """Numbers for "sixty", "two hundred and fifty", "half a" litre, "a kilo and a half" and "minus 15"."""
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        value, length = _part_of_one(reading, tokens, place) or _figure_with_part(reading, tokens, place)
        if length:
            found.append(_number(token, tokens[place + length - 1], f"{value:.12g}"))
            place += length
        elif measured := _measure_and_part(reading, tokens, place):
            found += measured[0]
            place += measured[1]
        elif token.key == "minus" and place + 1 < len(tokens) and tokens[place + 1].kind == "number":
            found.append(_number(token, tokens[place + 1], f"-{tokens[place + 1].text}"))
            place += 2
        else:
            found.append(token)
            place += 1
    return found


def _part_of_one(reading: Reading, tokens: list[Token], place: int) -> tuple[float, int] | None:
    """The value of "half a" in front of what is measured, paid, or counted in dozens."""
    part, length = _longest(tokens, place, reading.language.fractions)
    if part is None or place + length >= len(tokens):
        return None
    following = tokens[place + length]
    if _is_measure(reading, following):
        return part, length
    counted = reading.language.numerals.get(following.key, 0)
    return (part * counted, length + 1) if counted > LEAST_FIGURE else None


def _figure_with_part(reading: Reading, tokens: list[Token], place: int) -> tuple[float, int]:
    """The value of figures in words, and of any figure with "and a half" behind it."""
    value, length = _figure(reading, tokens, place)
    is_written = tokens[place].kind == "number" and tokens[place].text.isdecimal()
    if is_written:
        value, length = int(tokens[place].text), 1
    part, more = _longest(tokens, place + length, reading.language.fractions_added) if length else (None, 0)
    following = tokens[place + length + more] if place + length + more < len(tokens) else None
    if following is not None and (more or is_written):
        counted = reading.language.numerals.get(following.key, 0)
        if counted > LEAST_FIGURE and counted % HUNDRED == 0:
            # "One and a half thousand", "2 hundred".
            return (value + (part or 0)) * counted, length + more + 1
        if part is not None and _is_measure(reading, following):
            return value + part, length + more
    if is_written or not length or not _is_figure(reading, tokens, place, value, length):
        return 0, 0
    return value, length


def _measure_and_part(reading: Reading, tokens: list[Token], place: int) -> tuple[list[Token], int] | None:
    """The tokens of "a kilo and a half", and of "a kilo" behind a bound, with their number as figures."""
    token = tokens[place]
    value = int(token.text) if token.kind == "number" and token.text.isdecimal() else _ONE.get(token.key)
    if value is None or place + 1 >= len(tokens) or not _is_measure(reading, tokens[place + 1]):
        return None
    part, length = _longest(tokens, place + 2, reading.language.fractions_added)
    if part is not None:
        whole = _number(token, tokens[place + 1 + length], f"{value + part:.12g}")
        # What is measured stands before its end: "a kilo and a half" is 1.5 kilo.
        return [replace(whole, end=tokens[place + 1].start), replace(tokens[place + 1], end=whole.end)], 2 + length
    bounded = any(_key(tokens, place - words, words) in reading.language.before for words in range(1, LONGEST_PHRASE))
    if token.kind == "number" or not bounded:
        return None
    return [_number(token, token, "1"), tokens[place + 1]], 2


def _longest(tokens: list[Token], place: int, table: Mapping[str, Told]) -> tuple[Told | None, int]:
    """What the longest phrase of the table says that begins here, and its number of words."""
    for length in range(min(LONGEST_PHRASE, len(tokens) - place), 0, -1):
        if (told := table.get(_key(tokens, place, length))) is not None:
            return told, length
    return None, 0


def _key(tokens: list[Token], place: int, length: int) -> str:
    return " ".join(token.key for token in tokens[place : place + length]) if place >= 0 else ""


def _is_measure(reading: Reading, token: Token) -> bool:
    return token.key in reading.language.currencies or token.plain in reading.measures.unit_names


def _number(first: Token, last: Token, text: str) -> Token:
    return Token(text, text, first.start, last.end, "number", text, glued=False)


def _figure(reading: Reading, tokens: list[Token], place: int) -> tuple[int, int]:
    """The value of the number words that begin here, and how many they are."""
    numerals = reading.language.numerals
    total = part = length = 0
    while place + length < len(tokens) and tokens[place + length].kind == "word":
        key = tokens[place + length].key
        value = numerals.get(key)
        if value is None:
            follows = tokens[place + length + 1].key if place + length + 1 < len(tokens) else ""
            is_link = length and key == "and" and follows in numerals and (total + part) % HUNDRED == 0
            if not is_link:
                break
        elif value == HUNDRED:
            part = max(part, 1) * HUNDRED
        elif value == THOUSAND:
            total, part = total + max(part, 1) * THOUSAND, 0
        else:
            part += value
        length += 1
    return total + part, length


def _is_figure(reading: Reading, tokens: list[Token], place: int, value: int, length: int) -> bool:
    language = reading.language
    before = tokens[place - 1].key if place else ""
    after = tokens[place + length] if place + length < len(tokens) else None
    if after is not None and (after.key in language.currencies or after.plain in reading.measures.unit_names):
        return True
    if after is not None and after.key in language.star_words:
        return True
    # "Eight outlets", "eight or more outlets".
    _, bound = _longest(tokens, place + length, language.after)
    counting = tokens[place + length + bound] if place + length + bound < len(tokens) else None
    counted = counting is not None and value > 1 and counting.key in reading.vocabulary.number_phrases
    return value >= LEAST_FIGURE or counted or before in reading.vocabulary.number_phrases


def _with_usual_words(reading: Reading, tokens: list[Token]) -> list[Token]:
    """The words that titles have for what is said in others: "wireless" for "cordless"."""
    found: list[Token] = []
    titles, place = reading.vocabulary.titles, 0
    while place < len(tokens):
        word, length = _longest(tokens, place, reading.language.told_as)
        rarest = min((titles.get(token.key, 0) for token in tokens[place : place + length]), default=0)
        if word and (length > 1 or titles.get(word, 0) > rarest):
            last = tokens[place + length - 1]
            found.append(replace(tokens[place], text=word, key=word, plain=word, end=last.end, kind="word"))
            place += length
        else:
            found.append(tokens[place])
            place += 1
    return found


def _with_joined_words(reading: Reading, tokens: list[Token]) -> list[Token]:
    """Two words that the catalogue writes as one: "snow shoes"."""
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        joined = _joined(reading, token, following) if following is not None else ""
        if joined and following is not None:
            whole = replace(token, text=joined, key=joined, plain=joined, end=following.end)
            found.append(whole)
            place += 2
        else:
            found.append(token)
            place += 1
    return found


def _joined(reading: Reading, token: Token, following: Token) -> str:
    if token.kind != "word" or following.kind != "word":
        return ""
    if min(len(token.plain), len(following.plain)) < SHORTEST_JOINED:
        return ""
    language, vocabulary = reading.language, reading.vocabulary
    spaced = f"{token.key} {following.key}"
    joined = f"{token.plain}{following.key}"
    tables = (vocabulary.category_phrases, vocabulary.flag_phrases, vocabulary.brands, language.kinds)
    if any(spaced in table for table in tables) or token.key in language.fillers or token.key in language.links:
        return ""
    return joined if any(joined in table for table in tables) else ""


def _correct(reading: Reading, token: Token) -> None:
    """Reads a word that nobody uses as the one known word it is a slip of."""
    if token.kind != "word" or token.glued:
        return
    vocabulary, language = reading.vocabulary, reading.language
    if token.key in vocabulary.known_words or token.plain in vocabulary.known_words:
        return
    if token.key in language.known_words or token.plain in language.known_words or token.key in language.ordinary:
        return
    # "Jakets" is a slip of "jackets", of which the singular is known.
    nearest = vocabulary.spelling.nearest(token.plain) or vocabulary.spelling.nearest(token.key)
    if nearest is None:
        return
    owners = vocabulary.brands.get(nearest)
    read = owners[0].title if owners is not None else nearest
    reading.corrections.append(Correction(token.text, read))
    token.key, token.plain = language.keys.of_word(folded(nearest)), nearest
