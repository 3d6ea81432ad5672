"""Making a sentence's tokens whole before they are read: figures in words, minus signs, split words, slips."""

from dataclasses import replace

from bottega.shop.catalogue.understanding.model import Correction
from bottega.shop.catalogue.understanding.reading import Reading
from bottega.shop.catalogue.understanding.sentence import Token
from bottega.shop.catalogue.understanding.words import folded

SHORTEST_JOINED = 3
# "One" and "two" are mostly no figures; from ten on, and before what is measured or paid, they are.
LEAST_FIGURE = 10
HUNDRED, THOUSAND = 100, 1000


def mend(reading: Reading) -> None:
    """Replaces the sentence's tokens by whole ones, and notes which words were read as others."""
    reading.sentence.tokens = _with_figures(reading, reading.sentence.tokens)
    reading.sentence.tokens = _with_joined_words(reading, reading.sentence.tokens)
    for token in reading.sentence.tokens:
        _correct(reading, token)


def _with_figures(reading: Reading, tokens: list[Token]) -> list[Token]:
    """Numbers for "sixty", "two hundred and fifty" and "minus 15"."""
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        value, length = _figure(reading, tokens, place)
        token = tokens[place]
        if length and _is_figure(reading, tokens, place, value, length):
            found.append(_number(token, tokens[place + length - 1], str(value)))
            place += length
        elif token.key == "minus" and place + 1 < len(tokens) and tokens[place + 1].kind == "number":
            found.append(_number(token, tokens[place + 1], f"-{tokens[place + 1].text}"))
            place += 2
        else:
            found.append(token)
            place += 1
    return found


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
    return value >= LEAST_FIGURE or before in reading.vocabulary.number_phrases


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
