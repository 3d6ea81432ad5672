"""Reading the words the catalogue knows, with "not" in front of them and "or" between them."""

from dataclasses import dataclass, field, replace
from typing import Literal

from bottega.shop.catalogue.understanding.matches import Marker, Match, match_at
from bottega.shop.catalogue.understanding.meaning import add_constraint
from bottega.shop.catalogue.understanding.model import Stated, TraitIs
from bottega.shop.catalogue.understanding.reading import Reading

Joined = Literal["", "either", "both", "list"]
LONGEST_EXCLUDED_WORDS = 2
LONGEST_KIND = 3


@dataclass(slots=True)
class Group:
    """Matches of one kind that belong together: "red or blue", "no HP, Canon or Epson"."""

    matches: list[Match]
    negated: bool
    marker: Marker
    joined: set[str] = field(default_factory=set[str])
    start: int = 0


def read_phrases(reading: Reading) -> None:
    """Makes constraints of everything the catalogue knows by name, each group of alternatives one."""
    sentence = reading.sentence
    place = 0
    while place < len(sentence.tokens):
        if not sentence.free(place):
            place += 1
            continue
        place = _negated_at(reading, place) or _plain_at(reading, place) or place + 1


def _negated_at(reading: Reading, place: int) -> int | None:
    """What a negation rules out; None where none begins."""
    sentence, language = reading.sentence, reading.language
    length = sentence.has_at(place, language.negations)
    prefix = sentence.tokens[place].key in language.negation_prefixes and _glued(reading, place + 1)
    if not length and not prefix:
        return None
    length = length or 1
    start, inside = place, place + length
    marker: Marker = ""
    while inside < len(sentence.tokens) and sentence.tokens[inside].claim in (None, "filler"):
        if sentence.tokens[inside].claim == "filler":
            # "Made by", which says nothing.
            inside += 1
            continue
        known = match_at(reading, inside, marker, negated=True)
        found_marker, marked = _marker_at(reading, inside)
        filler = sentence.has_at(inside, language.fillers)
        # "Filled with down" is nothing filled.
        if known is not None and known.length >= marked and (known.length > 1 or not filler):
            break
        if marked and found_marker != "compatible":
            marker, inside = found_marker, inside + marked
        elif filler:
            inside += filler
        elif marked:
            inside += marked
        else:
            break
    group = _group_at(reading, inside, marker, negated=True)
    if group is None:
        return _unknown_excluded(reading, start, inside)
    group.start = start
    end = group.matches[-1].end
    if group.matches[0].kind == "brand" and _names_attribute(reading, end):
        # "Without an Intel processor": the maker of a part, which titles and values tell.
        end += 1
        group.matches = [replace(one, kind="word", values=(_key_of(reading, one),)) for one in group.matches]
    elif group.matches[0].kind == "flag" and _is_ruled_out_too(reading, end):
        # "No replacement heads": the word behind says of what, and is not searched by.
        end += 1
    _claim_group(reading, group, start, end)
    add_constraint(reading, group.matches, sentence.said(start, end - start), start, negated=True, both=False)
    return end


def _is_ruled_out_too(reading: Reading, place: int) -> bool:
    sentence, language = reading.sentence, reading.language
    if not sentence.free(place) or sentence.tokens[place].kind != "word":
        return False
    word = sentence.key(place, 1)
    is_plain = word not in language.links and word not in language.fillers and word not in language.joiners
    return is_plain and word not in reading.kind_phrase.split()


def _key_of(reading: Reading, match: Match) -> str:
    return reading.sentence.key(match.start, match.length)


def _names_attribute(reading: Reading, place: int) -> bool:
    """Whether a word stands here by which attributes of the things asked for are called: "processor"."""
    sentence = reading.sentence
    if not sentence.free(place) or sentence.tokens[place].kind != "word":
        return False
    word = sentence.key(place, 1)
    if word in reading.kind_phrase.split():
        return False
    told = [name for name in reading.vocabulary.fields if word in name.split("_")]
    return bool(told) and reading.coverage(told) > 0


def _glued(reading: Reading, place: int) -> bool:
    return place < len(reading.sentence.tokens) and reading.sentence.tokens[place].glued


def _unknown_excluded(reading: Reading, start: int, inside: int) -> int | None:
    """ "Without laces": words the catalogue has no name for are looked for in titles and values."""
    sentence, language = reading.sentence, reading.language
    words: list[str] = []
    end = inside
    while end < len(sentence.tokens) and len(words) < LONGEST_EXCLUDED_WORDS:
        token = sentence.tokens[end]
        ends = token.key in language.links or token.key in language.fillers or token.kind not in ("word", "model")
        if ends or token.claim is not None or sentence.has_at(end, language.negations):
            break
        words.append(token.key)
        end += 1
    if not words:
        sentence.claim(start, inside - start, "filler")
        return inside
    match = Match("word", inside, end - inside, (" ".join(words),), sentence.said(inside, end - inside))
    sentence.claim(start, end - start, "constraint")
    add_constraint(reading, [match], sentence.said(start, end - start), start, negated=True, both=False)
    return end


def _plain_at(reading: Reading, place: int) -> int | None:
    sentence = reading.sentence
    marker, marked = _marker_at(reading, place)
    of_another = _is_of_another(reading, place)
    if marker == "compatible" and not _something_before(reading, place):
        # "Looking for HP toner": nothing is there yet that it could be for.
        marker = ""
    behind = marker == "compatible" or of_another
    group = _group_at(reading, place + marked, marker, negated=False, of_another=behind) if marked else None
    start = place
    if group is None:
        marked = 0
        group = _group_at(reading, place, _marker_behind(reading, place), negated=False, of_another=of_another)
    if group is None:
        if marker == "compatible":
            return _keep_compatible(reading, place, _marker_at(reading, place)[1])
        return None
    end = group.matches[-1].end
    after = sentence.has_at(end, reading.language.negations_after)
    negated = end < len(sentence.tokens) and sentence.tokens[end].key in reading.language.negation_suffixes
    if after and group.matches[0].kind in ("material", "brand", "value", "colour"):
        end, negated = end + after, True
    elif (
        negated
        and sentence.free(end)
        and len(group.matches) == 1
        and group.matches[0].kind in ("material", "brand", "value", "colour")
    ):
        end += 1
    else:
        negated = False
    _claim_group(reading, group, start, end, positive=not negated)
    both = "both" in group.joined and "either" not in group.joined
    add_constraint(reading, group.matches, sentence.said(start, end - start), start, negated=negated, both=both)
    return end


def _claim_group(reading: Reading, group: Group, start: int, end: int, *, positive: bool = False) -> None:
    """Positive words still rank; markers, joiners and everything ruled out are searched by no more."""
    reading.sentence.claim(start, end - start, "constraint")
    if not positive:
        return
    for match in group.matches:
        if match.kind in ("brand", "colour", "material", "flag", "mention", "category"):
            reading.sentence.claim(match.start, match.length, "ranking")
        elif match.kind == "value":
            # A preference: its words are searched by as they are.
            for token in reading.sentence.tokens[match.start : match.end]:
                token.claim = "kept"


def _is_of_another(reading: Reading, place: int) -> bool:
    """Whether this tells of what the thing is for: it follows "for" with nothing but words between."""
    sentence, language = reading.sentence, reading.language
    while place > 0:
        if length := sentence.has_until(place, language.compatible, free=False):
            return _something_before(reading, place - length)
        before = sentence.tokens[place - 1]
        if before.kind != "word" or before.key in language.links or sentence.until(place, language.joiners, free=False):
            return False
        place -= 1
    return False


def _something_before(reading: Reading, place: int) -> bool:
    """Whether a thing was named before: then "for HP" says what it must fit, not who makes it."""
    language = reading.language
    return any(
        (token.key not in language.fillers or token.key in language.anything)
        and token.key not in language.links
        and token.claim in (None, "kept", "ranking")
        for token in reading.sentence.tokens[:place]
    )


def _keep_compatible(reading: Reading, place: int, marked: int) -> int | None:
    """ "Toner for HP LaserJet": the brand behind "for" is searched by, and holds for what fits one maker's things."""
    sentence = reading.sentence
    if reading.vocabulary.brands.get(sentence.key(place + marked, 1)) is None:
        return None
    sentence.claim(place, marked, "filler")
    sentence.claim(place + marked, 1, "kept")
    word = sentence.key(place + marked, 1)
    if set(reading.kind_phrase.split()) & reading.language.fits_one:
        # A lamp for an Epson projector fits no other one; a bag for an HP laptop does.
        said = sentence.said(place + marked, 1)
        stated = Stated(f"for:{word}", f"for {said}", sentence.said(place, marked + 1))
        reading.found(TraitIs(stated, (f"w:{word}",)), place)
    return place + marked + 1


def _marker_at(reading: Reading, place: int) -> tuple[Marker, int]:
    """The marker that begins here, with the little words behind it."""
    sentence, language = reading.sentence, reading.language
    tables: list[tuple[Marker, frozenset[str]]] = [
        ("compatible", language.compatible),
        ("having", language.having),
        ("by", language.by),
        ("made_of", language.made_of),
    ]
    best: tuple[Marker, int] = ("", 0)
    for marker, table in tables:
        length = sentence.has_at(place, table)
        if length > best[1]:
            best = (marker, length)
    if best[0] == "made_of" and sentence.key(place, best[1]) == "in":
        best = ("in", best[1])
    end = place + best[1]
    while (
        best[1]
        and end < len(sentence.tokens)
        and sentence.key(end, 1) in ("a", "an", "the", "any", "colour", "color", "some")
    ):
        end += 1
    return best[0], end - place


def _marker_behind(reading: Reading, place: int) -> Marker:
    """The marker that ends before this place, of words already passed over."""
    if place > 0 and reading.sentence.key(place - 1, 1) == "in":
        return "in"
    return ""


def _group_at(reading: Reading, place: int, marker: Marker, *, negated: bool, of_another: bool = False) -> Group | None:
    """The match that begins here, and those of its kind that follow with "or", "and" or a comma."""
    if place >= len(reading.sentence.tokens) or not reading.sentence.free(place):
        return None
    first = match_at(reading, place, marker, negated=negated, of_another=of_another)
    if first is None:
        return None
    group = Group([first], negated, marker, start=place)
    while (following := _next_of_kind(reading, group)) is not None:
        group.matches.append(following)
    return group


def _next_of_kind(reading: Reading, group: Group) -> Match | None:
    sentence, language = reading.sentence, reading.language
    last = group.matches[-1]
    place = last.end
    joined = False
    while place < len(sentence.tokens) and (found := sentence.at(place, language.joiners)) is not None:
        group_joined, length = found
        if not joined:
            group.joined.add(group_joined)
        joined = True
        place += length
        again = sentence.has_at(place, language.negations) if group.negated else 0
        place += again
        while sentence.key(place, 1) in ("a", "an", "the", "in", "by", "from", "any") and sentence.free(place):
            place += 1
    if last.kind == "value" or (last.kind not in ("colour", "brand") and not joined):
        return None
    if not sentence.free(place) or place >= len(sentence.tokens):
        return None
    if last.kind == "category" and not group.negated:
        return _next_category(reading, place)
    following = match_at(reading, place, group.marker, negated=group.negated)
    if following is None or following.kind != last.kind:
        return None
    return following


def _next_category(reading: Reading, place: int) -> Match | None:
    """Another kind of thing that would do as well: "running shoes or sandals"."""
    sentence, language = reading.sentence, reading.language
    # "Chromebook or windows laptop": one word may tell which.
    told = place < len(sentence.tokens) and sentence.tokens[place].kind == "word" and not _links(reading, place)
    for start in (place, place + 1) if told else (place,):
        for length in range(LONGEST_KIND, 0, -1):
            phrase = sentence.key(start, length)
            group = language.kinds.get(phrase, (phrase,))
            known = any(word in reading.vocabulary.category_phrases for word in group) or phrase in language.kinds
            if phrase and known and sentence.free(place, start + length - place):
                return Match("category", start, length, (phrase,), sentence.said(start, length))
    return None


def _links(reading: Reading, place: int) -> bool:
    return bool(reading.sentence.has_at(place, reading.language.links))
