"""Numbers in a sentence with all that belongs to them: bounds before and behind, ranges, units, currencies, stars."""

from dataclasses import dataclass, replace

from bottega.shop.catalogue.understanding.figures import figure_of
from bottega.shop.catalogue.understanding.language import Bound, BoundWord
from bottega.shop.catalogue.understanding.measures import Unit
from bottega.shop.catalogue.understanding.model import RATING_STEP, RatingBound, Stated
from bottega.shop.catalogue.understanding.prices import price_around, price_at_least, price_at_most, price_between
from bottega.shop.catalogue.understanding.quantities import names_kind, read_quantity
from bottega.shop.catalogue.understanding.reading import Reading
from bottega.shop.catalogue.understanding.sentence import Token

LONGEST_UNIT = 3
# What is ruled out below is wanted from there on, and the other way round.
_OTHER_WAY: dict[Bound, Bound] = {"most": "least", "least": "most"}
MOST_STARS = 5.0
# The concept of how many there are together.
COUNTED = "pieces"


@dataclass(frozen=True, slots=True)
class Amount:
    """One number, or a range of two, as far as the sentence tells; `start` and `end` take in the bounds."""

    start: int
    end: int
    values: tuple[float, ...]
    unit: Unit | None
    currency: str | None
    bound: BoundWord | None
    said: str
    number_at: int
    raw: tuple[str, ...]
    # Whether the currency or the unit stands directly there, not only a bare number.
    after_end: int
    # Whether its bound stands before the number.
    is_led: bool = False

    @property
    def is_range(self) -> bool:
        return len(self.values) == 2


def read_amounts(reading: Reading) -> None:
    """Makes constraints of all amounts: stars, prices, and quantities the catalogue has numbers for."""
    place = 0
    last: Amount | None = None
    while place < len(reading.sentence.tokens):
        amount = _amount_at(reading, place)
        if amount is None:
            place += 1
            continue
        if last is not None and _continues(reading, last, amount, place):
            amount = replace(amount, bound=last.bound, is_led=True)
        end = _read(reading, amount)
        last = replace(amount, end=end) if end > amount.number_at + 1 else None
        place = max(end, place + 1)


def _continues(reading: Reading, last: Amount, amount: Amount, place: int) -> bool:
    """ "At least 64 GB storage and 4 GB RAM": the second amount is bounded as the first is."""
    joined = reading.sentence.at(last.end, reading.language.joiners)
    if joined is None or last.bound is None or not last.is_led or amount.bound is not None or amount.is_range:
        return False
    # A comma begins something else: "lighter than 1.3 kg, 14 inch".
    if joined[0] != "both" or last.end + joined[1] != place:
        return False
    return amount.unit is not None and last.bound.bound in ("most", "least")


def _read(reading: Reading, amount: Amount) -> int:
    """Claims an amount for what it is; returns the token to go on from."""
    for read in (_read_stars, _read_price, _read_measure):
        if (end := read(reading, amount)) is not None:
            return end
    return amount.number_at + 1


def _amount_at(reading: Reading, place: int) -> Amount | None:
    token = reading.sentence.tokens[place]
    if token.claim is not None:
        return None
    written = _written_number(reading, place)
    if written is None:
        return None
    raw, length = written
    after = place + length
    before = place
    currency = None
    if before > 0 and (known := _currency(reading, reading.sentence.tokens[before - 1])):
        currency, before = known, before - 1
    unit, units_length = _unit_at(reading, after)
    after += units_length
    if unit is None and after < len(reading.sentence.tokens):
        known = _currency(reading, reading.sentence.tokens[after])
        if known:
            currency, after = known, after + 1
    ranged = _range_from(reading, before, after, raw, unit, currency)
    if ranged is not None:
        return ranged
    start, after, bound = _bounds(reading, before, after)
    value = figure_of(raw, money=currency is not None or unit is None)
    if value is None:
        return None
    return Amount(
        start=start, end=after, values=(value,), unit=unit, currency=currency, bound=bound,
        said=reading.sentence.said(start, after - start), number_at=place, raw=(raw,), after_end=after,
        is_led=start < before,
    )  # fmt: skip


def _written_number(reading: Reading, place: int) -> tuple[str, int] | None:
    """A number as it stands; figures in words are figures already."""
    token = reading.sentence.tokens[place]
    if token.kind == "number":
        return token.text, 1
    return None


def _currency(reading: Reading, token: Token) -> str | None:
    if token.claim is not None or token.kind == "number":
        return None
    known = reading.language.currencies.get(token.key) or reading.language.currencies.get(token.plain)
    if known:
        return known
    return token.text if token.text in reading.vocabulary.prices else None


def _unit_at(reading: Reading, place: int) -> tuple[Unit | None, int]:
    """The unit whose name is longest here; short signs only directly behind the number."""
    tokens = reading.sentence.tokens
    for length in range(min(LONGEST_UNIT, len(tokens) - place), 0, -1):
        name = " ".join(token.plain for token in tokens[place : place + length])
        glued = tokens[place].glued
        unit = (reading.measures.glued_unit_names if glued else reading.measures.unit_names).get(name)
        if unit is None and name in ('"', "″", "°c", "°f"):
            unit = reading.measures.glued_unit_names.get(name)
        if unit is not None and reading.sentence.free(place, length):
            return unit, length
    return None, 0


def _range_from(
    reading: Reading, before: int, after: int, raw: str, unit: Unit | None, currency: str | None
) -> Amount | None:
    """A range that begins with the number before `after`: "between 20 and 30 euro", "50-80 €", "1 to 2 kg"."""
    sentence, language = reading.sentence, reading.language
    tokens = sentence.tokens
    middle = sentence.has_at(after, language.between_middle)
    second_at = after + middle
    if not middle or second_at >= len(tokens):
        return None
    if known := _currency(reading, tokens[second_at]):
        currency, second_at = currency or known, second_at + 1
    if second_at >= len(tokens) or tokens[second_at].kind != "number" or tokens[second_at].claim is not None:
        return None
    end = second_at + 1
    second_unit, length = _unit_at(reading, end)
    end += length
    if second_unit is None and end < len(tokens) and (known := _currency(reading, tokens[end])):
        currency, end = currency or known, end + 1
    opened = sentence.has_until(before, language.between_open)
    is_dash = sentence.key(after, middle) in ("-", "–", "—")
    joined = sentence.key(after, middle)
    measured = currency is not None or unit is not None or second_unit is not None
    closed = sentence.has_at(end, language.between_close)
    opened, end = opened or closed, end + closed
    if not opened and (not measured or joined in language.joiners):
        return None
    if is_dash and not opened and not measured:
        return None
    money = currency is not None or second_unit is None
    values = (figure_of(raw, money=money), figure_of(tokens[second_at].text, money=money))
    if values[0] is None or values[1] is None:
        return None
    start = before - sentence.has_until(before, language.between_open)
    return Amount(
        start=start, end=end, values=(values[0], values[1]), unit=unit or second_unit, currency=currency, bound=None,
        said=sentence.said(start, end - start), number_at=before, raw=(raw, tokens[second_at].text), after_end=end,
    )  # fmt: skip


def _bounds(reading: Reading, before: int, after: int) -> tuple[int, int, BoundWord | None]:
    """Takes the bound words on both sides; the one before the number decides when there are two."""
    sentence, language = reading.sentence, reading.language
    bound: BoundWord | None = None
    skipped = before
    while skipped > 0 and sentence.key(skipped - 1, 1) in ("a", "the", "of", "about") and sentence.free(skipped - 1):
        if sentence.until(skipped, language.before) is not None:
            break
        skipped -= 1
    if (found := sentence.until(skipped, language.before)) is not None:
        bound, length = found
        before = skipped - length
        if bound.bound == "around" and (wider := sentence.until(before, language.before)) is not None:
            # "My budget is about 500".
            before -= wider[1]
        crumb = sentence.has_until(before, language.crumbs)
        negated = max(sentence.has_until(before - crumb, table) for table in (language.negations, language.refusals))
        if negated and bound.strict:
            # "Nothing pricier than 20", "not a cent more than 50".
            bound, before = replace(bound, bound=_OTHER_WAY[bound.bound], strict=False), before - crumb - negated
    end = after
    while end < len(sentence.tokens) and sentence.tokens[end].claim == "filler":
        # "50 a piece at most".
        end += 1
    if (found := sentence.at(end, language.after)) is not None and not _begins_amount(reading, end + found[1]):
        behind, length = found
        # "50 plus shipping": a joining word only bounds at the end of a phrase.
        bound = behind if bound is None or (bound.bound, behind.bound) == ("around", "most") else bound
        after = end + length
    return before, after, bound


def _begins_amount(reading: Reading, place: int) -> bool:
    """Whether another number follows, which the words before it bound: "size 40 and under 100"."""
    tokens = reading.sentence.tokens
    if place < len(tokens) and _currency(reading, tokens[place]):
        place += 1
    return place < len(tokens) and tokens[place].kind == "number"


def _read_stars(reading: Reading, amount: Amount) -> int | None:
    """ "4 stars and up", "rated above 4", "at least 4.5 out of 5": a bound of the rating."""
    sentence, language = reading.sentence, reading.language
    if amount.unit is not None or amount.currency is not None or amount.is_range:
        return None
    end = amount.end
    length = sentence.has_at(end, language.star_words)
    start = amount.start
    before = sentence.has_until(start, language.rating_before)
    if not (length or before) or not 0 < amount.values[0] <= MOST_STARS:
        return None
    end += length
    bound = amount.bound
    if length and (found := sentence.at(end, language.after)) is not None:
        bound, end = bound or found[0], end + found[1]
        end += sentence.has_at(end, language.star_words)
    if bound is not None and bound.bound == "most":
        return None
    start -= before
    said = sentence.said(start, end - start)
    least = amount.values[0]
    label = f"{least:g} stars and up"
    if bound is not None and bound.strict:
        least, label = least + RATING_STEP, f"more than {least:g} stars"
    reading.found(RatingBound(Stated("rating", label, said), least), start)
    sentence.claim(start, end - start, "constraint")
    return end


def _read_price(reading: Reading, amount: Amount) -> int | None:
    """A price: with a currency, or a bare bound that no number of the catalogue is called for."""
    if amount.unit is not None:
        return None
    if amount.currency is None:
        if amount.bound is None and not amount.is_range:
            return None
        if _names_a_number(reading, amount) or (amount.bound is not None and amount.bound.concepts):
            return None
        if min(amount.values) <= 0:
            return None
    said, bound = amount.said, amount.bound
    end = amount.end
    if amount.currency is not None:
        _use_currency(reading, amount.currency)
    if amount.is_range:
        constraint = price_between(reading, amount.values[0], amount.values[1], said)
    elif bound is None or bound.bound == "exactly":
        constraint = price_at_most(reading, amount.values[0], said, strict=False)
    elif bound.bound == "around":
        constraint = price_around(reading, amount.values[0], said)
    elif bound.bound == "least":
        constraint = price_at_least(reading, amount.values[0], said, strict=bound.strict)
    else:
        constraint = price_at_most(reading, amount.values[0], said, strict=bound.strict)
    reading.found(constraint, amount.start)
    reading.sentence.claim(amount.start, end - amount.start, "constraint")
    return end


def _names_a_number(reading: Reading, amount: Amount) -> bool:
    """Whether the word behind (or before the bound) names a number of the catalogue: "at least 3 hdmi ports"."""
    sentence = reading.sentence
    place = amount.end
    while place < len(sentence.tokens) and sentence.key(place, 1) in ("of", "a", "x"):
        place += 1
    if (found := sentence.at(place, reading.vocabulary.number_phrases)) is not None:
        return reading.coverage(found[0]) > 0
    if (counted := sentence.at(place, reading.language.concept_phrases)) is not None and COUNTED in counted[0]:
        # "1000 or more in a pack", whether or not such things tell how many.
        return True
    before = amount.start
    while before > 0 and sentence.key(before - 1, 1) in ("of", "is", "a", "with"):
        before -= 1
    named = sentence.until(before, reading.vocabulary.number_phrases)
    # "Processor under 100": what the thing itself is called names no number of it.
    return named is not None and not names_kind(reading, sentence.key(before - named[1], named[1]))


def _use_currency(reading: Reading, currency: str) -> None:
    """Another currency is only used where the catalogue has prices in it; else the amount is taken in the search's."""
    if currency != reading.currency and reading.vocabulary.prices.get(currency):
        reading.currency = currency


def _read_measure(reading: Reading, amount: Amount) -> int | None:
    """A quantity of something the catalogue has a number for."""
    return read_quantity(reading, replace(amount))
