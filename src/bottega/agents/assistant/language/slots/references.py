"""Which of the things that were shown somebody speaks about: "the second one", "the cheaper one", "both"."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.said import holds, plainly, words_of

# How alike a misspelt word and a word of a title must be, of 100.
LIKENESS = 84
SHORTEST_FUZZY_WORD = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """A thing as it was shown: what it is called, what it costs, and words that fit it (its kind, colour, brand)."""

    handle: str
    title: str
    price_minor: int | None = None
    words: frozenset[str] = field(default_factory=frozenset[str])
    grams: int | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """What was referred to, in the order of showing; `is_ambiguous` when one was meant and several fit.

    `by` says how: place, price, name, or pronoun (which alone says little).
    """

    handles: tuple[str, ...]
    by: str
    is_ambiguous: bool = False


def reference(
    text: str, shown: Sequence[Shown], *, focus: Sequence[str] = (), loosely: bool = False
) -> Reference | None:
    """The shown things that the text refers to, or None.

    A place ("the second") counts in the order of showing. `focus` are the handles that were last spoken about: "it" is
    the one in focus or the only one shown. `loosely`, one word that a single thing has is enough to name it.
    """
    if not shown:
        return None
    plain = plainly(text)
    if loosely and (found := _by_own_word(plain, shown)) is not None:
        return found
    in_focus = [thing for thing in shown if thing.handle in focus]
    if len(in_focus) > 1 and (found := _by_measure(plain, in_focus)) is not None:
        return found
    for finder in (_by_place, _by_price, _by_measure, _by_name):
        found = finder(plain, shown)
        if found is not None:
            return found
    return _by_pronoun(plain, shown, focus)


_NO_PLACE = "hand|of all|aid|time|thing|name|week|month|year|night|summer|winter|monday|friday"


def _by_place(plain: str, shown: Sequence[Shown]) -> Reference | None:
    count = len(shown)
    ordinals = lexicon().ordinals
    numbers = lexicon().numbers
    if several := re.search(r"\b(first|top|last|bottom) (\w+)\b(?: ones?)?", plain):
        number = numbers.get(several.group(2)) or (int(several.group(2)) if several.group(2).isdigit() else 0)
        if 2 <= number <= count:
            chosen = shown[:number] if several.group(1) in ("first", "top") else shown[-number:]
            return Reference(tuple(thing.handle for thing in chosen), "place")
    places: list[int] = []
    word = "|".join(ordinals)
    # "a second" is time and "second hand" a quality; "at first" and "first of all" are no places.
    for match in re.finditer(
        rf"(?<!at )(?<!a )\b({word})\b(?! (?:{_NO_PLACE}))",
        plain,
    ):
        if match.group(1) in ("top", "bottom") and not re.match(r"(?:the )?(?:one|of)", plain[match.end() :].strip()):
            continue
        places.append(ordinals[match.group(1)])
    named = re.findall(rf"(?:\b{_BEFORE_A_PLACE}\s*|#)(\d{{1,2}}|{'|'.join(numbers)})\b", plain)
    places += [numbers.get(number) or int(number) for number in named if number != "0"]
    if not places and re.search(r"\b(?:compare|between|differences?)\b", plain):
        places = [int(number) for number in re.findall(r"(?<![\w.,€$£])(\d)(?![\w€$£]|[.,]\d)", plain)]
    if not places and re.fullmatch(r"(?:the )?(\d)(?: please)?[.!]?", plain):
        places = [int(re.sub(r"\D", "", plain))]
    handles = [shown[place - 1 if place > 0 else place].handle for place in places if _exists(place, count)]
    return Reference(tuple(dict.fromkeys(handles)), "place") if handles else None


_BEFORE_A_PLACE = r"(?:number|no\.?|nr\.?|option|choice|product|item|card)"


def _exists(place: int, count: int) -> bool:
    return 1 <= place <= count or place == -1


def _by_price(plain: str, shown: Sequence[Shown]) -> Reference | None:
    priced = [thing for thing in shown if thing.price_minor is not None]
    if len(priced) < 2:
        return None
    # "something cheaper" asks for others; "the cheaper one" points at one of these.
    for kind, best in (("cheapest", min), ("dearest", max)):
        for phrase in lexicon().references[kind]:
            if re.search(rf"\b(?:the|that|this|with the)\s+(?:\w+\s+)?{re.escape(phrase)}\b", plain) or (
                phrase.endswith(("est", "expensive"))
                and re.search(rf"\b{phrase}(?: one)?(?: please)?[.!]?$", plain)
                and holds(plain, "one")
            ):
                amount = best(thing.price_minor or 0 for thing in priced)
                chosen = [thing.handle for thing in priced if thing.price_minor == amount]
                return Reference(tuple(chosen), "price", is_ambiguous=len(chosen) > 1)
    return None


def _by_measure(plain: str, shown: Sequence[Shown]) -> Reference | None:
    """ "The small one" of two whose names differ in a number: litres, lumens, sizes."""
    for kind, best in (("smallest", min), ("largest", max)):
        words = "|".join(lexicon().references[kind])
        if not re.search(rf"\b(?:the|that)\s+(?:{words})(?:\s+(?:one|of))?\b(?!\s+[a-z]+\s+one)", plain):
            continue
        weighed = re.search(r"\b(?:lighter|lightest|heavier|heaviest)\b", plain) is not None
        measured = [
            (float(thing.grams) if weighed and thing.grams else float(number[0]), thing)
            for thing in shown
            if (number := _NUMBER.findall(thing.title)) or (weighed and thing.grams)
        ]
        if len(measured) == len(shown) > 1 and len({number for number, _ in measured}) == len(shown):
            return Reference((best(measured, key=lambda one: one[0])[1].handle,), "place")
    return None


_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _by_own_word(plain: str, shown: Sequence[Shown]) -> Reference | None:
    said = [word for word in words_of(plain) if len(word) > 2 and word not in lexicon().silent["reference"]]
    known = {thing.handle: set(words_of(thing.title)) | set(thing.words) for thing in shown}
    shares = _shares(known)
    named = tuple(handle for handle, words in known.items() if _distinct(said, words, shares))
    return Reference(named, "name") if len(named) == 1 else None


def _by_name(plain: str, shown: Sequence[Shown]) -> Reference | None:
    said = [word for word in words_of(plain) if len(word) > 2 and word not in lexicon().silent["reference"]]
    if not said:
        return None
    known = {thing.handle: set(words_of(thing.title)) | set(thing.words) for thing in shown}
    shares = _shares(known)
    scores = {handle: _score(said, words, shares) for handle, words in known.items()}
    best = max(scores.values())
    if best <= 0 or not _is_meant(plain, said, known[max(scores, key=lambda handle: scores[handle])]):
        return None
    chosen = tuple(handle for handle, score in scores.items() if score >= best - 1e-9)
    several = re.search(r"\b(?:both|all|these|those|them|and)\b", plain) is not None
    if several and len(chosen) == 1:
        named = tuple(handle for handle, words in known.items() if _distinct(said, words, shares))
        chosen = named if len(named) > 1 else chosen
    return Reference(chosen, "name", is_ambiguous=len(chosen) > 1 and not several)


def _is_meant(plain: str, said: Sequence[str], words: set[str]) -> bool:
    """Whether the likeliest thing is spoken about: "the jacket", most of the words, or two that are its own. "A
    sleeping
    bag for minus five" is not about the one thing shown that happens to be a bag."""
    matched = [word for word in said if _match(word, words) is not None]
    pointed_at = any(
        re.search(rf"\b(?:the|that|this|those|these)\s+(?:\w+\s+)?{re.escape(word)}\b", plain) for word in matched
    )
    return pointed_at or len(matched) >= 2 or 2 * len(matched) >= len(said)


def _shares(known: Mapping[str, set[str]]) -> dict[str, float]:
    """How telling each word is: 1 when one thing alone has it, less the more have it."""
    counts: dict[str, int] = {}
    for words in known.values():
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    return {word: 1.0 / count for word, count in counts.items()}


def _score(said: Sequence[str], words: set[str], shares: Mapping[str, float]) -> float:
    return sum(shares[match] for word in said if (match := _match(word, words)) is not None)


def _distinct(said: Sequence[str], words: set[str], shares: Mapping[str, float]) -> bool:
    return any((match := _match(word, words)) is not None and shares[match] == 1.0 for word in said)


def _match(word: str, words: set[str]) -> str | None:
    if word in words:
        return word
    for plural in (word.removesuffix("s"), word + "s", word.removesuffix("es")):
        if plural in words:
            return plural
    if len(word) < SHORTEST_FUZZY_WORD:
        return None
    best = max(words, key=lambda known: fuzz.ratio(word, known), default=None)
    return (
        best if best is not None and len(best) >= SHORTEST_FUZZY_WORD and fuzz.ratio(word, best) >= LIKENESS else None
    )


def _by_pronoun(plain: str, shown: Sequence[Shown], focus: Sequence[str]) -> Reference | None:
    references = lexicon().references
    handles = tuple(thing.handle for thing in shown)
    in_focus = tuple(handle for handle in focus if handle in handles)
    if any(holds(plain, phrase) for phrase in references["all"]):
        pair = any(holds(plain, phrase) for phrase in ("both", "the two", "these two", "those two", "both of them"))
        if pair and len(in_focus) != 2:
            return Reference(handles[:2], "pronoun") if len(handles) >= 2 else None
        return Reference(in_focus or handles, "pronoun")
    if any(holds(plain, phrase) for phrase in references["one"]):
        if len(in_focus) == 1 or len(handles) == 1:
            return Reference(in_focus if len(in_focus) == 1 else handles, "pronoun")
        return Reference(in_focus or handles, "pronoun", is_ambiguous=True)
    return None
