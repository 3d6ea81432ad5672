"""What kind of thing a sentence asks for: the noun that names it, and what the catalogue knows of such things."""

from collections import Counter
from collections.abc import Sequence

from bottega.shop.catalogue.understanding.reading import Named, Reading
from bottega.shop.catalogue.understanding.vocabulary import KindFigures, Vocabulary, halves_of, name_of

# Words this seldom at the end of names are hardly names of things.
LEAST_ENDS = 2
LEAST_END_SHARE = 0.05
LEAST_OF_TWO_WORDS = 3
LONGEST_KIND = 3
MOSTLY_SHARE = 0.5
# A category this small beside the titles with its words is only one corner of such things.
TINY_SHARE = 0.05
# A word that also tells what things are like names a thing where nothing else does, if that share of the titles with it
# end in it, and so many times as many products are one as are told to be like one.
NOUN_SHARE = 0.3
# That many surely name a thing.
SURE_NOUN_SHARE = 0.8
# One that so few titles end in only describes.
DESCRIBING_SHARE = 0.2
LEAST_TITLED = 10
NOUN_TIMES = 2
ARTICLES = frozenset({"a", "an", "the", "my", "your", "our"})


def guess_kind(reading: Reading) -> None:
    """Sets the kind: the last known noun before "for", "with" or an amount says what the thing is."""
    for doubtful in (False, True):
        start: int | None = 0
        while start is not None:
            start = _guess_from(reading, start, doubtful=doubtful)
        if reading.kind is not None:
            _turn_around(reading)
            return


def _turn_around(reading: Reading) -> None:
    """A "pouch for a mobile phone" is a mobile phone pouch, where the language calls it so."""
    sentence, language, length = reading.sentence, reading.language, len(reading.kind_phrase.split())
    for place in range(len(sentence.tokens) - length):
        end = place + length
        marked = sentence.has_at(end, language.compatible, free=False)
        if sentence.key(place, length) != reading.kind_phrase or not marked:
            continue
        end += marked
        while sentence.key(end, 1) in ARTICLES or sentence.key(end, 1) in language.as_such:
            end += 1
        for named in range(LONGEST_KIND - length, 0, -1):
            whole = f"{sentence.key(end, named)} {reading.kind_phrase}"
            if whole in language.kinds and (figures := _figures(reading, whole, doubtful=False)) is not None:
                reading.kind, reading.kind_phrase = figures, whole
                said = sentence.said(place, end + named - place)
                reading.named.append(Named(whole, said, place, end + named - place))
                return


def _guess_from(reading: Reading, start: int, *, doubtful: bool) -> int | None:
    """Looks from here on; returns where to look again when what was found belongs to an unknown thing.

    `doubtful` takes words as well that mostly tell what things are like.
    """
    sentence = reading.sentence
    found_until, place = 0, start
    while place < len(sentence.tokens):
        token = sentence.tokens[place]
        if (found_until or _is_for_something(reading, place)) and _ends_the_noun(reading, place):
            break
        if not found_until and (ruled_out := _ruled_out(reading, place)):
            place += ruled_out
            continue
        if token.kind == "word" and token.claim is None:
            for length in range(min(LONGEST_KIND, len(sentence.tokens) - place), 0, -1):
                if length > 1 and token.key in reading.language.as_such:
                    # A "replacement lamp" is a lamp.
                    continue
                phrase = sentence.key(place, length)
                figures = _figures(reading, phrase, doubtful=doubtful)
                if figures is None or place + length <= found_until:
                    continue
                if place < found_until and reading.kind_phrase in reading.language.kinds:
                    # "Patch cable LC" is no "cable LC".
                    continue
                if found_until != place or _heads(reading, place, phrase):
                    reading.kind, reading.kind_phrase = figures, phrase
                    found_until = place + length
                    break
        place += 1
    if not found_until or not _is_modifier(reading, found_until):
        return None
    reading.kind, reading.kind_phrase = None, ""
    joined = (at for at in range(found_until, len(sentence.tokens)) if sentence.at(at, reading.language.joiners))
    return next((at + 1 for at in joined), None)


def _heads(reading: Reading, place: int, phrase: str) -> bool:
    """Whether this is the thing and the one named before only says which ("laptop stand"), unlike in "laptop DVD"."""
    language, vocabulary = reading.language, reading.vocabulary
    before = f"{reading.sentence.key(place - 1, 1)} {phrase}"
    if phrase in language.goes_with or before in vocabulary.kinds or reading.kind_phrase not in language.kinds:
        return True
    return phrase in language.kinds or phrase in vocabulary.category_phrases


def _is_for_something(reading: Reading, place: int) -> bool:
    """Whether "for" begins here behind an unknown thing: "cream for leather boots", "something for my tent"."""
    sentence, language = reading.sentence, reading.language
    if _is_for_doing(reading, place) or _is_had_by_anything(reading, place):
        return True
    if sentence.at(place, language.genders, free=False) is not None:
        # "Something for my niece, headphones say".
        return False
    length = sentence.has_at(place, language.compatible, free=False)
    if not length or not place:
        return False
    before = sentence.tokens[place - 1]
    if before.key in language.seeking or before.claim is not None:
        return False
    if before.kind != "word" or before.key in language.currencies:
        # "A scanner under 250 euros for old photos".
        earlier = (token for token in sentence.tokens[:place] if token.kind == "word" and token.claim is None)
        return any(one.key in reading.vocabulary.kinds and one.key not in language.fillers for one in earlier)
    is_known = before.key in reading.vocabulary.known_words
    if not is_known and any(word.startswith(before.key) for word in language.seeking):
        # "Lookin for".
        return False
    return before.key in language.anything or before.key not in language.fillers


def _is_for_doing(reading: Reading, place: int) -> bool:
    """Whether it is said here what something is to do: "something to carry water", but not "something to eat"."""
    sentence, language = reading.sentence, reading.language
    if sentence.key(place, 1) != "to" or not place or sentence.tokens[place - 1].key not in language.anything:
        return False
    return sentence.key(place + 1, 1) not in language.kinds and sentence.key(place - 1, 3) not in language.kinds


def _is_had_by_anything(reading: Reading, place: int) -> bool:
    """Whether something is to have what follows, and is not it: "a bigger one with a rain cover"."""
    sentence = reading.sentence
    return sentence.key(place, 1) == "with" and sentence.key(place - 1, 1) in reading.language.anything


def _ruled_out(reading: Reading, place: int) -> int:
    """The length of a negation and of the known word behind it, which is no name of what is wanted."""
    sentence, language = reading.sentence, reading.language
    length = sentence.has_at(place, language.negations, free=False)
    if not length:
        return 0
    while place + length < len(sentence.tokens) and sentence.key(place + length, 1) in language.fillers:
        length += 1
    return length + max(sentence.has_at(place + length, reading.vocabulary.flag_phrases, free=False), 1)


def _is_modifier(reading: Reading, end: int) -> bool:
    """Whether an unknown noun follows the one that was found: "camping table" where nothing is known of tables."""
    sentence, language, vocabulary = reading.sentence, reading.language, reading.vocabulary
    if end >= len(sentence.tokens) or _ends_the_noun(reading, end):
        return False
    token = sentence.tokens[end]
    if token.kind != "word" or token.claim is not None:
        return False
    key = token.key
    tells = (
        vocabulary.brands,
        vocabulary.colours,
        vocabulary.materials,
        vocabulary.tags,
        vocabulary.number_phrases,
        language.currencies,
    )
    if _describes(reading, key):
        return False
    # "Shoe cream" is no cream-coloured shoe, and a "laptop bag" no laptop.
    is_thing = (key in language.ambiguous_colours or key in language.goes_with) and key not in language.fillers
    is_size = key.upper() in reading.measures.letters
    return is_thing or not (is_size or any(key in table for table in tells) or _is_told_of_kind(reading, key))


def _describes(reading: Reading, key: str) -> bool:
    """Whether titles have a word mostly in front of or behind what they name: "full", "HD"."""
    vocabulary = reading.vocabulary
    if key in reading.language.goes_with or key in reading.language.kinds or key in vocabulary.category_phrases:
        return False
    titled, figures = vocabulary.titles.get(key, 0), vocabulary.kinds.get(key)
    ends = figures.products if figures is not None else 0
    return titled >= LEAST_TITLED and ends < DESCRIBING_SHARE * titled


def _is_told_of_kind(reading: Reading, key: str) -> bool:
    """Whether a word tells what such things are like: "notebook touchscreen", but no "board game"."""
    vocabulary = reading.vocabulary
    told = [name_of(trait) for trait in vocabulary.values.get(key, ())]
    kind = reading.measures.roles["kind"]
    if key in vocabulary.kinds and any(kind.rank(name) is not None for name in told):
        # A product type: a "notebook cooler" is no notebook.
        return False
    names = [*vocabulary.flag_phrases.get(key, ()), *told]
    if names:
        return reading.coverage(names) > 0
    return key in reading.language.known_words


def _ends_the_noun(reading: Reading, place: int) -> bool:
    language, sentence = reading.language, reading.sentence
    if sentence.tokens[place].kind == "number":
        behind = sentence.tokens[place + 1] if place + 1 < len(sentence.tokens) else None
        return behind is not None and (behind.plain in reading.measures.unit_names or behind.glued)
    return bool(
        sentence.tokens[place].kind == "sign"
        or sentence.has_at(place, language.compatible, free=False)
        or sentence.has_at(place, language.having, free=False)
        or sentence.has_at(place, language.links, free=False)
        or sentence.has_at(place, language.relative, free=False)
        or sentence.has_at(place, language.negations, free=False)
        or sentence.has_at(place, language.size_before, free=False)
        or sentence.at(place, language.before, free=False)
        or sentence.at(place, language.availability, free=False)
    )


def _figures(reading: Reading, phrase: str, *, doubtful: bool) -> KindFigures | None:
    """Figures of things called so, or called by another word for the same."""
    vocabulary, language = reading.vocabulary, reading.language
    if phrase in language.fillers or phrase in language.price_levels or phrase in language.genders:
        return None
    if phrase in language.degrees and reading.shown is not None:
        # "Warmer" than what is shown, and none of the hand warmers.
        return None
    if phrase in language.describing and not _is_named(reading, phrase):
        return None
    if phrase in vocabulary.brands or phrase in language.sorts or phrase in language.links:
        return None
    colour = language.colour_spellings.get(phrase, phrase)
    if colour in language.colour_families or (colour in vocabulary.colours and phrase not in language.kinds):
        return None
    if " " in phrase and not _is_named(reading, phrase):
        return None
    group = language.kinds.get(phrase, (phrase,))
    paths = named_categories(reading, (phrase, *group))
    placed = [figures for path in paths if (figures := vocabulary.kinds.get(f"category:{path}")) is not None]
    if placed and _is_well_placed(reading, phrase, placed):
        return _together(placed)
    is_sure = _surely_names_things(reading, phrase)
    if _is_quality(reading, phrase) and not is_sure and not (doubtful and _names_things(reading, phrase)):
        return None
    known = [
        figures
        for word in group
        if (figures := _figures_of(vocabulary, word)) is not None and _is_noun(reading, word, figures)
    ]
    telling = [figures for figures in known if not _is_seldom_so_called(reading, figures)]
    if known and not telling:
        # Of what titles hardly ever end in ("SSD") the last words of its other names tell more: "solid state drive".
        words = [word for word in group if " " in word]
        telling = [figures for word in words if (figures := _figures_of(vocabulary, word)) is not None]
    return _together(telling or known) if known else None


def _is_seldom_so_called(reading: Reading, figures: KindFigures) -> bool:
    titled = reading.vocabulary.titles.get(figures.word, 0)
    return titled >= LEAST_TITLED and figures.products < LEAST_END_SHARE * titled


def _figures_of(vocabulary: Vocabulary, phrase: str) -> KindFigures | None:
    """What is known of things called so; of several words, by as many of the last ones as anything is called by."""
    words = phrase.split()
    ends = (" ".join(words[start:]) for start in range(len(words)))
    return next((vocabulary.kinds[end] for end in ends if end in vocabulary.kinds), None)


def named_categories(reading: Reading, words: Sequence[str]) -> list[str]:
    """The categories that words name; of a title naming several things ("Navigation and poles") what is inside it for
    this one of them, where that has a category of its own."""
    phrases, key = reading.vocabulary.category_phrases, reading.language.keys.of
    found = list(dict.fromkeys(path for word in words for path in phrases.get(word, ())))
    return [
        path
        for path in found
        if len(halves_of(reading.vocabulary.categories[path].title)) < 2
        or key(path.rpartition("/")[2].replace("-", " ")) in words
        or not any(other.startswith(f"{path}/") for other in found)
    ]


def _together(placed: Sequence[KindFigures]) -> KindFigures:
    """What several categories tell, as of one kind."""
    if len(placed) == 1:
        return placed[0]
    fields: Counter[str] = Counter()
    for one in placed:
        fields.update(one.fields)
    largest = max(placed, key=lambda figures: figures.products)
    total = sum(one.products for one in placed)
    return KindFigures(largest.word, total, {}, dict(fields), largest.prices)


def _is_well_placed(reading: Reading, phrase: str, placed: Sequence[KindFigures]) -> bool:
    """Whether the categories that a phrase names hold most of what is called so."""
    kinds = reading.vocabulary.kinds
    if phrase in kinds and " " not in phrase:
        return _mostly_in(kinds[phrase], placed)
    # "PSU" is short for what many titles have in full.
    names = [name for name in (phrase, *reading.language.kinds.get(phrase, ())) if " " in name]
    titled = max((titled_with(reading, name) for name in names), default=0)
    return sum(place.products for place in placed) >= TINY_SHARE * titled


def titled_with(reading: Reading, phrase: str) -> int:
    """At most so many products have all words of a phrase in their title."""
    return min(reading.vocabulary.titles.get(word, 0) for word in phrase.split())


def _mostly_in(figures: KindFigures, placed: Sequence[KindFigures]) -> bool:
    """Whether most things with the word in their title are in the categories that the word names."""
    paths = [place.word.removeprefix("category:") for place in placed]
    inside = sum(
        number
        for path, number in figures.categories.items()
        if any(path == own or path.startswith(f"{own}/") for own in paths)
    )
    return inside >= MOSTLY_SHARE * figures.products


def _is_named(reading: Reading, phrase: str) -> bool:
    """Whether somebody calls a kind of thing just so: a category, a product type, titles, the language."""
    vocabulary = reading.vocabulary
    tables = (reading.language.kinds, vocabulary.category_phrases, vocabulary.kind_phrases)
    if any(phrase in table for table in tables):
        return True
    figures = vocabulary.kinds.get(phrase) if " " in phrase else None
    return figures is not None and figures.products >= LEAST_OF_TWO_WORDS


def _is_quality(reading: Reading, phrase: str) -> bool:
    """Whether a word is rather what things are like ("wireless") than what they are."""
    vocabulary = reading.vocabulary
    if phrase in reading.language.kinds or phrase in vocabulary.category_phrases:
        return False
    return any(phrase in table for table in (vocabulary.values, vocabulary.flag_phrases, vocabulary.tags))


def _names_things(reading: Reading, phrase: str) -> bool:
    """Whether a word that may be a quality is oftener the name of things."""
    vocabulary = reading.vocabulary
    if phrase in reading.language.goes_with:
        return phrase in vocabulary.kinds
    figures, kind = vocabulary.kinds.get(phrase), reading.measures.roles["kind"]
    if figures is None or figures.products < NOUN_SHARE * vocabulary.titles.get(phrase, 0):
        return False
    told = [
        vocabulary.trait_counts.get(trait, 0)
        for trait in vocabulary.values.get(phrase, ())
        if kind.rank(name_of(trait)) is None
    ]
    return figures.products >= NOUN_TIMES * max((*told, vocabulary.tags.get(phrase, 0)), default=0)


def _surely_names_things(reading: Reading, phrase: str) -> bool:
    """Whether next to all titles with a word name a thing by it: a "calculator", whatever telephones tell they have."""
    figures, titled = reading.vocabulary.kinds.get(phrase), reading.vocabulary.titles.get(phrase, 0)
    return figures is not None and titled >= LEAST_TITLED and figures.products >= SURE_NOUN_SHARE * titled


def _is_noun(reading: Reading, word: str, figures: KindFigures) -> bool:
    """Whether a word names things: a category, a product type or the end of titles says so."""
    parts, kinds = word.split(), reading.vocabulary.kinds
    # A "microsd memory card" is a memory card.
    tails = (" ".join(parts[start:]) for start in range(len(parts) - 1))
    known = any(tail in kinds for tail in tails) or all(part in kinds for part in parts)
    if " " in word and not known:
        return False
    if _is_named(reading, word) or " " in word:
        return True
    titled = reading.vocabulary.titles.get(word, 0)
    # Of a small catalogue one thing may be the only one of its kind; then every title with the word ends in it.
    return figures.products >= max(LEAST_ENDS, LEAST_END_SHARE * titled) or figures.products == titled
