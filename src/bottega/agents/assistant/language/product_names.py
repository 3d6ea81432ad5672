"""Finds the products that a message names by their titles, whole or in part, slips of the fingers aside."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from bottega.agents.assistant.language.everyday import is_everyday
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.said import tidied

LIKENESS = 84
SHORTEST_FUZZY_WORD = 5
NAMED_LIMIT = 6
ALIKE_LIMIT = 5
# A name stands at the beginning of a title, the kind of thing at its end.
PLACES_OF_A_NAME = 2
# Words of one name stand close together; what stands between may be "the women's … in".
REACH_WORDS = 4
# A word in more families of titles than this tells none of them.
FAMILIES_OF_A_NAME = 4
_WORD = re.compile(r"[^\W_]+(?:[.'’][^\W_]+)*")
_POINTING = frozenset({"the", "your", "that", "this", "those", "these", "my"})
_FOR_WHOM = frozenset({"men", "women", "kid", "junior", "children"})


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word of a message: as it is compared, as it was written, and where it stands in characters."""

    word: str
    written: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Named:
    """What a message names: keys of the products that fit best and equally well, of others that the same words could
    mean, and where the name stands in the message."""

    keys: tuple[str, ...]
    start: int
    end: int
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Match:
    key: str
    places: frozenset[int]
    words: frozenset[str]
    left_over: int


class ProductNames:
    """The titles of a catalogue, arranged by their words."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        """`titles` by whatever key the caller knows products by."""
        self._words = {key: tuple(one.word for one in spoken(title)) for key, title in titles.items()}
        holding: dict[str, list[str]] = defaultdict(list)
        for key, words in self._words.items():
            for word in dict.fromkeys(words):
                holding[word].append(key)
        self._holding: Mapping[str, Sequence[str]] = holding
        self._vocabulary = tuple(word for word in holding if len(word) >= SHORTEST_FUZZY_WORD)

    def named_in(self, text: str) -> list[Named]:
        """The products that the text names, in the order of naming; at most `NAMED_LIMIT`."""
        said = [self._corrected(one) for one in spoken(text)]
        groups: dict[str, list[_Match]] = defaultdict(list)
        for place, one in enumerate(said):
            for key in self._holding.get(one.word, ()):
                if self._is_name(one.word, key, said, place):
                    groups[one.word].append(self._match(key, said, place))
        found = self._settled(said, groups)
        return sorted(found, key=lambda named: named.start)[:NAMED_LIMIT]

    def known_in(self, text: str) -> list[str]:
        """Words of the text, as they are written in lower case, that stand in titles: what could be a thing of ours."""
        said = spoken(text)
        known = [one for one in said if self._corrected(one).word in self._holding and not one.word.isdigit()]
        return list(dict.fromkeys(one.written.lower() for one in known))

    def _corrected(self, one: Spoken) -> Spoken:
        if one.word in self._holding or len(one.word) < SHORTEST_FUZZY_WORD or is_everyday(one.word):
            return one
        best = process.extractOne(one.word, self._vocabulary, scorer=fuzz.ratio, score_cutoff=LIKENESS)
        return one if best is None else Spoken(best[0], one.written, one.start, one.end)

    def _is_name(self, word: str, key: str, said: Sequence[Spoken], place: int) -> bool:
        words = self._words[key]
        if word.isdigit():
            return False
        if word not in words[:PLACES_OF_A_NAME]:
            return self._is_whole_title(words, said, place)
        if is_everyday(word):
            both = set(words[:PLACES_OF_A_NAME])
            is_begun = len(both) == PLACES_OF_A_NAME and both <= {one.word for one in _around(said, place, 1)}
            rare = len({self._words[other][:2] for other in self._holding[word]}) <= FAMILIES_OF_A_NAME
            return (is_begun and rare) or self._is_whole_title(words, said, place)
        others = {one.word for one in _around(said, place, REACH_WORDS)} - {word}
        return bool(others & set(words)) or self._stands_for_all(word, words, said, place)

    def _is_whole_title(self, words: Sequence[str], said: Sequence[Spoken], place: int) -> bool:
        around = {one.word for one in _around(said, place, len(words) + 1)}
        return len(words) >= PLACES_OF_A_NAME and all(word in around or word in _FOR_WHOM for word in words)

    def _stands_for_all(self, word: str, words: Sequence[str], said: Sequence[Spoken], place: int) -> bool:
        """One word alone: pointed at or with a capital, and nothing that names another kind of thing after it."""
        families = {self._words[key][:PLACES_OF_A_NAME] for key in self._holding[word]}
        if word != words[0] or len(families) > FAMILIES_OF_A_NAME:
            return False
        written = said[place].written
        if written.lower() != word:
            # "The toes" are not the Toe Lane.
            return False
        is_pointed = place > 0 and (said[place - 1].word in _POINTING or written[0].isupper())
        following = said[place + 1].word if place + 1 < len(said) else ""
        after = said[place + 1] if place + 1 < len(said) else None
        is_longer = (
            after is not None and after.written[0].isupper() and len(after.written) > 2 and following not in words
        )
        is_another_kind = is_longer or (
            following in self._holding and following not in words and not is_everyday(following)
        )
        return is_pointed and not is_another_kind

    def _match(self, key: str, said: Sequence[Spoken], place: int) -> _Match:
        words = self._words[key]
        near = range(max(0, place - REACH_WORDS), min(len(said), place + len(words) + REACH_WORDS))
        places = frozenset(at for at in near if said[at].word in words)
        matched = frozenset(said[at].word for at in places)
        left_over = sum(2 if word in _FOR_WHOM else 1 for word in words if word not in matched)
        return _Match(key, places, matched, left_over)

    def _settled(self, said: Sequence[Spoken], groups: Mapping[str, Sequence[_Match]]) -> list[Named]:
        """Of each group those that are named; what says less about the same words than another gives way."""
        all_matches = {match.key: match for group in groups.values() for match in group}.values()
        kept = [
            one
            for one in all_matches
            if not any(
                one.words < other.words and one.places & other.places and not _numbers_of(one) - other.words
                for other in all_matches
            )
        ]
        found: dict[frozenset[str], list[_Match]] = defaultdict(list)
        for one in kept:
            found[one.words].append(one)
        groups_kept = [
            alike for alike in found.values() if not any(alike[0].places < other[0].places for other in found.values())
        ]
        named = [_named(said, alike) for alike in groups_kept]
        return [one for one in named if len(one.keys) <= ALIKE_LIMIT]


def _around(said: Sequence[Spoken], place: int, reach: int) -> Sequence[Spoken]:
    return said[max(0, place - reach) : place + reach + 1]


def _numbers_of(match: _Match) -> frozenset[str]:
    return frozenset(word for word in match.words if word.isdigit())


def _named(said: Sequence[Spoken], alike: Sequence[_Match]) -> Named:
    least = min(match.left_over for match in alike)
    best = [match for match in alike if match.left_over == least]
    others = [match.key for match in alike if match.left_over > least]
    places = sorted(best[0].places)
    keys = tuple(match.key for match in best)
    return Named(keys, said[places[0]].start, said[places[-1]].end, tuple(others[:ALIKE_LIMIT]))


def spoken(text: str) -> list[Spoken]:
    """The words of a text in the form in which names are compared: lower case, singular, numbers as digits."""
    return [
        Spoken(_compared(match.group()), match.group(), match.start(), match.end()) for match in _WORD.finditer(text)
    ]


@lru_cache(maxsize=20_000)
def _compared(written: str) -> str:
    word = tidied(written).lower()
    word = word.removesuffix("'s").replace("'", "")
    number = lexicon().numbers.get(word)
    if number is not None:
        return str(number)
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word.removesuffix("s")
    return word
