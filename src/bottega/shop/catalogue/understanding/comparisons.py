"""Comparisons with the product that is shown: "cheaper", "a bigger screen", "the same brand", "like this in blue"."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from bottega.shop.catalogue.understanding.categories import accessories_below, called
from bottega.shop.catalogue.understanding.figures import figure_text, money_text
from bottega.shop.catalogue.understanding.language import Degree
from bottega.shop.catalogue.understanding.model import (
    RATING_STEP,
    BrandIs,
    CategoryIs,
    NumberBound,
    NumberRange,
    OrderWish,
    OtherThan,
    PriceBound,
    RatingBound,
    ShownProduct,
    SortWish,
    Stated,
    TraitIs,
)
from bottega.shop.catalogue.understanding.prices import price_around
from bottega.shop.catalogue.understanding.reading import Reading
from bottega.shop.catalogue.understanding.vocabulary import facet_value
from bottega.shop.catalogue.understanding.wishes import numbers_of
from bottega.shop.catalogue.understanding.words import words_in

SAME_PRICE_SHARE = 0.1
SAME_NUMBER_SHARE = 0.02
LEAST_OF_KIND = 3
# A word that so many of the titles with it end in names a thing.
NOUN_SHARE = 0.3
# Of a word that names a series of products: at least so many figures and characters, in the titles of so many at most.
LEAST_FIGURES, SHORTEST_MODEL, LARGEST_SERIES = 2, 3, 30


def read_comparisons(reading: Reading) -> None:
    """ "Cheaper", "a bigger one", "same brand", "like this": bounds from the product that is shown."""
    compared, place = _Compared(), 0
    while place < len(reading.sentence.tokens):
        place += max(_comparison_at(reading, place, compared), 1)
    if compared.place >= 0 and reading.shown is not None:
        _same_kind(reading, reading.shown, compared.place, alike=compared.alike)
        if compared.same_one:
            _same_model(reading, reading.shown, compared.place)


@dataclass(slots=True)
class _Compared:
    """Where a sentence compares, whether with the same kind of thing, and whether it asks for the same one."""

    place: int = -1
    alike: bool = False
    same_one: bool = False


def _comparison_at(reading: Reading, place: int, compared: _Compared) -> int:
    """Takes the comparison that begins here; how many words it took."""
    sentence, language = reading.sentence, reading.language
    if sentence.key(place, 1) == "too" and sentence.has_until(place, language.negations, free=False):
        # "Not too expensive" complains of nothing.
        return 1
    length = _number_compared(reading, place, ("same",))
    if not length and (told := sentence.at(place, language.comparison)) is not None:
        return _told_comparison(reading, place, told, compared)
    if not length and (degree := sentence.at(place, language.degrees)) is not None:
        length = degree[1]
        of_what, longer = _said_of(reading, degree[0], place + length)
        if _degree(reading, degree[0], place, length, of_what):
            length += longer
            sentence.claim(place, length, "constraint")
        # What the shown product does not tell stays among the words, and is still compared with.
        compared.place = place
        return length
    if not length and _points_at_shown(reading, place):
        compared.place = place
        return 1
    length = length or _number_compared(reading, place, ("more", "less"))
    if length:
        compared.place = place
    return length


def _told_comparison(reading: Reading, place: int, told: tuple[str, int], compared: _Compared) -> int:
    """ "Cheaper", "not dearer", "the same kind of": what the language has a phrase for."""
    sentence, language = reading.sentence, reading.language
    kind, length = told
    following = sentence.at(place + length - 1, language.comparison) if length > 1 else None
    if following is not None and following[0] != "same_one":
        # "Than this | for less money".
        length -= 1
    negated = sentence.has_until(place, language.negations) if kind == "dearer" else 0
    if negated and reading.shown is not None:
        kind = "not_dearer"
    if _compare(reading, kind, place, length):
        compared.place = place
        compared.alike = compared.alike or kind == "same_kind"
        compared.same_one = compared.same_one or kind == "same_one"
        sentence.claim(place - negated, length + negated, "constraint")
    return length


def _compare(reading: Reading, kind: str, place: int, length: int) -> bool:
    """Takes one comparison; False where there is nothing to compare with and the words should be searched by."""
    shown, said = reading.shown, reading.sentence.said(place, length)
    if shown is None:
        if kind in ("cheaper", "dearer", "better_rated"):
            orders: dict[str, OrderWish] = {"cheaper": "price", "dearer": "-price", "better_rated": "rating"}
            reading.sort = SortWish(orders[kind], said)
            return True
        # Without a product on the screen these words say nothing.
        return kind in ("like_this", "same_kind", "same_one")
    price = money_text(shown.price_minor, shown.currency)
    match kind:
        case "cheaper":
            stated = Stated("price:most", f"cheaper than {price}", said)
            reading.found(PriceBound(stated, most_minor=shown.price_minor - 1), place)
        case "dearer":
            stated = Stated("price:least", f"dearer than {price}", said)
            reading.found(PriceBound(stated, least_minor=shown.price_minor + 1), place)
        case "not_dearer":
            stated = Stated("price:most", f"not dearer than {price}", said)
            reading.found(PriceBound(stated, most_minor=shown.price_minor), place)
        case "same_price":
            bound = price_around(reading, shown.price_minor / 100, said, SAME_PRICE_SHARE)
            reading.found(bound, place)
        case "better_rated":
            least = (shown.rating or 0.0) + RATING_STEP
            reading.found(RatingBound(Stated("rating", f"better rated than {shown.rating or 0:g}", said), least), place)
        case "same_brand" | "other_brand":
            other = kind == "other_brand"
            label = f"not {shown.brand}" if other else shown.brand
            key = f"{'not:' if other else ''}brand:{facet_value(shown.brand)}"
            reading.found(BrandIs(Stated(key, label, said), (facet_value(shown.brand),), other), place)
        case "same_colour" | "other_colour" | "same_size" | "same_material":
            _same_trait(reading, shown, kind, place, said)
        case _:
            pass
    return True


def _same_trait(reading: Reading, shown: ShownProduct, kind: str, place: int, said: str) -> None:
    which, _, role = kind.partition("_")
    traits = tuple(sorted(trait for trait in shown.traits if trait.startswith(f"{role}:") and "+" not in trait))
    if not traits:
        return
    values = ", ".join(trait.partition(":")[2] for trait in traits)
    negated = which == "other"
    label = f"not {values}" if negated else f"{role} {values}"
    key = f"{'not:' if negated else ''}{role}:{values}"
    reading.found(TraitIs(Stated(key, label, said), traits, negated), place)


def _same_model(reading: Reading, shown: ShownProduct, place: int) -> None:
    """ "This one in magenta": of the same series, where the shown title has a number that some others have as well."""
    key, titles = reading.language.keys.of_word, reading.vocabulary.titles
    for word in map(key, words_in(shown.title)):
        figures = sum(character.isdecimal() for character in word)
        if figures >= LEAST_FIGURES and len(word) >= SHORTEST_MODEL and 1 < titles.get(word, 0) <= LARGEST_SERIES:
            stated = Stated(f"value:{word}", word, reading.sentence.said(place, 1))
            reading.found(TraitIs(stated, (f"w:{word}",)), place)
            return


def _names_other_kind(reading: Reading, shown: ShownProduct, *, alike: bool) -> bool:
    """Whether the sentence itself says what kind of thing is wanted, in words that no comparison has taken.

    Where something `alike` is wanted, what the shown product is called as well is no other kind: "the same kind of
    cable".
    """
    sentence, length = reading.sentence, len(reading.kind_phrase.split())
    if reading.kind is None or not _is_name_of_kind(reading, reading.kind_phrase):
        return False
    if alike and _is_called(reading, shown, reading.kind_phrase):
        return False
    places = range(len(sentence.tokens))
    return any(sentence.key(place, length) == reading.kind_phrase and sentence.free(place, length) for place in places)


def _is_name_of_kind(reading: Reading, phrase: str) -> bool:
    """Whether things are called so by more than the ends of some titles: "cordless" only tells what they are like."""
    if _is_plainly_named(reading, phrase):
        return True
    figures, titled = reading.vocabulary.kinds.get(phrase), reading.vocabulary.titles.get(phrase, 0)
    return figures is not None and figures.products >= NOUN_SHARE * titled


def _is_plainly_named(reading: Reading, phrase: str) -> bool:
    """Whether the language, a category or a product type calls a kind of thing so."""
    vocabulary = reading.vocabulary
    return any(
        phrase in table for table in (reading.language.kinds, vocabulary.category_phrases, vocabulary.kind_phrases)
    )


def _names_thing(reading: Reading, trait: str) -> bool:
    """Whether a trait says what a thing is, in a word that the catalogue uses for several."""
    word = trait.removeprefix("end:")
    figures = reading.vocabulary.kinds.get(word) if word != trait else None
    is_known = figures is not None and figures.products >= LEAST_OF_KIND and _is_name_of_kind(reading, word)
    return trait.startswith("kind:") or is_known


def _titled_kind(reading: Reading, title: str) -> str:
    """The last word of a title that plainly names a kind of thing, where the title need not end in it; or ''."""
    words = [word for word in reading.language.keys.of(title).split() if word in reading.vocabulary.kinds]
    return next((word for word in reversed(words) if _is_plainly_named(reading, word)), "")


def _is_at_home(reading: Reading, word: str, path: str) -> bool:
    """Whether things called so are mostly in this category or around it; where nothing is known of them they may be."""
    figures = reading.vocabulary.kinds.get(word)
    if figures is None:
        return True
    around = path.partition("/")[0]
    inside = sum(number for own, number in figures.categories.items() if own.partition("/")[0] == around)
    return inside >= NOUN_SHARE * figures.products


def _shelf(reading: Reading, stated: Stated, path: str) -> CategoryIs:
    """The category of what is shown; when nothing there will do, the one around it, without what goes with things."""
    parent = path.rpartition("/")[0]
    besides = accessories_below(reading, [path], ())
    return CategoryIs(stated, (path,), not_paths=besides, wider=_shelf(reading, stated, parent) if parent else None)


def _points_at_shown(reading: Reading, place: int) -> bool:
    """ "This radio, only in white": a pointing word, and what the shown product is called."""
    sentence, shown, length = reading.sentence, reading.shown, len(reading.kind_phrase.split())
    if shown is None or not length or sentence.key(place, 1) not in reading.language.pointing:
        return False
    return sentence.key(place + 1, length) == reading.kind_phrase and _is_called(reading, shown, reading.kind_phrase)


def _is_called(reading: Reading, shown: ShownProduct, phrase: str) -> bool:
    """Whether the shown product's title has the name of a kind, or another word for it."""
    title = f" {reading.language.keys.of(shown.title)} "
    return any(f" {word} " in title for word in reading.language.kinds.get(phrase, (phrase,)))


def _number_compared(reading: Reading, place: int, sides: Collection[str]) -> int:
    """Takes a number compared by its name or unit; how many words it took."""
    if reading.language.more_or_less.get(reading.sentence.key(place, 1)) not in sides:
        return 0
    more = _more_of(reading, place)
    if more is None or not _degree(reading, more[0], place, more[2], more[1]):
        return 0
    reading.sentence.claim(place, more[2], "constraint")
    return more[2]


def _more_of(reading: Reading, place: int) -> tuple[Degree, Sequence[str], int] | None:
    """ "More litres", "less VA": by the unit that the shown product's numbers are told in; "a higher R value": by name.

    With the numbers that are named, and how many words say so.
    """
    sentence, shown, more = reading.sentence, reading.shown, reading.sentence.key(place, 1)
    side = reading.language.more_or_less.get(more)
    if shown is None or side is None or not sentence.free(place, 2):
        return None
    named = sentence.at(place + 1, reading.vocabulary.number_phrases)
    if named is not None and (names := [name for name in named[0] if name in shown.numbers]):
        said = sentence.said(place, 1 + named[1])
        return Degree((), side == "more", said, same=side == "same"), names, 1 + named[1]
    unit = reading.measures.unit_names.get(sentence.tokens[place + 1].plain)
    concepts = () if unit is None else reading.language.usual.get(unit.dimension, ())
    said = sentence.said(place, 2)
    return (Degree(tuple(concepts), side == "more", said), (), 2) if concepts and side != "same" else None


def _said_of(reading: Reading, degree: Degree, place: int) -> tuple[Sequence[str], int]:
    """The numbers that are named behind a comparison, and by how many words: "a bigger screen"."""
    named = reading.sentence.at(place, reading.vocabulary.number_phrases)
    if named is None:
        return (), 0
    known = {name for concept in degree.concepts for name in reading.language.concept_names.get(concept, ())}
    meant = [name for name in named[0] if name in known]
    return (meant, named[1]) if meant else ((), 0)


def _degree(reading: Reading, degree: Degree, place: int, length: int, of_what: Sequence[str]) -> bool:
    """Less or more of the first number of the concept that the shown product has; an order where none is shown.

    `of_what` are the numbers that are named behind it, if any.
    """
    shown, said = reading.shown, reading.sentence.said(place, length)
    if shown is None:
        names = numbers_of(reading, degree.concepts)
        if not names or reading.sort is not None:
            return False
        reading.sort = SortWish("highest_number" if degree.more else "lowest_number", said, names)
        return True
    names = [name for concept in degree.concepts for name in reading.language.concept_names.get(concept, ())]
    name = next((name for name in (*of_what, *names) if name in shown.numbers), None)
    if name is None:
        return False
    value = shown.numbers[name]
    figures = reading.vocabulary.numbers.get(name)
    unit = figures.unit.name if figures is not None and figures.unit is not None else None
    least = math.nextafter(value, math.inf) if degree.more else None
    most = None if degree.more else math.nextafter(value, -math.inf)
    if degree.same:
        spread = abs(value) * SAME_NUMBER_SHARE
        least, most = value - spread, value + spread
    compared = f"{degree.word} as" if degree.same else f"{degree.word} than"
    stated = Stated(f"number:{name}", f"{compared} {figure_text(value)} {unit or ''}".strip(), said)
    reading.found(NumberBound(stated, (NumberRange(name, least, most, unit),)), place)
    return True


def _same_kind(reading: Reading, shown: ShownProduct, place: int, *, alike: bool) -> None:
    """What is compared is of the shown product's kind, and another product."""
    if not _names_other_kind(reading, shown, alike=alike):
        named = sorted(trait for trait in shown.traits if _names_thing(reading, trait))
        # "A networking cable" says more than "a cable".
        kinds = tuple(sorted([trait for trait in named if " " in trait] or named))
        title = shown.category.rpartition("/")[2].replace("-", " ") if shown.category else "of this kind"
        stated = Stated("category", title, reading.sentence.said(place, 1))
        word = _titled_kind(reading, shown.title)
        if shown.category is not None:
            shelf = _shelf(reading, stated, shown.category)
            there = tuple(f"category:{shown.category}+{kind}" for kind in kinds)
            if word and not _is_at_home(reading, word, shown.category):
                # A mouse on the shelf of batteries is compared with mice.
                reading.found(called(reading, word, replace(stated, label=word)), place)
            else:
                reading.found(CategoryIs(stated, (), there, wider=shelf) if there else shelf, place)
        elif kinds:
            reading.found(CategoryIs(stated, (), kinds), place)
        elif word:
            reading.found(called(reading, word, replace(stated, label=word)), place)
    reading.found(OtherThan(Stated("other", f"other than {shown.title}", "", "hard"), shown.product_id), place)
