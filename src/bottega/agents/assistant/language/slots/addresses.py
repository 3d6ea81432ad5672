"""Postal addresses, on several lines or one, as Europeans write them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.contact import PARTICLES, emails, phone
from bottega.agents.assistant.language.slots.said import plainly

LONGEST_ADDRESS_CHARACTERS = 400
LONGEST_PART_CHARACTERS = 100
# Vehicles' country codes before a postcode: D-80331, I-38122.
_BEFORE_POSTCODE = {
    "D": "DE",
    "A": "AT",
    "I": "IT",
    "F": "FR",
    "B": "BE",
    "L": "LU",
    "E": "ES",
    "P": "PT",
    "S": "SE",
    "H": "HU",
}
_REGION = re.compile(r"\s*\(([A-Za-z]{2})\)\s*$")
_STREET_NUMBER = re.compile(r"\d+\s?[a-zA-Z]?(?:[/-]\d+\w?)?\b")
# Words after which a segment belongs to the street line rather than being a name.
_FURTHER_LINE = re.compile(
    r"^(?:apt|apartment|flat|floor|unit|suite|c/o|co|staircase|stiege|top|int|interno|scala|building|block|entrance|door|bei|presso|chez|\d)",
    re.IGNORECASE,
)
# "Can you send it to Via Roma 3 instead, please?"
_IN_A_SENTENCE = re.compile(r"([^,\n]*?\b(?:to|at|is|in|use)\s+)(?=[^\W\d_]*[A-ZÀ-Ý]|\d)")
_SENTENCE_WORD = re.compile(
    r"\b(?:send|order|parcel|package|deliver|delivery|ship|shipping|my|can|could|would|please|want|live|address|it|them"
    r"|goes|go|change|new)\b",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:[\s,]*(?:\b(?:instead|please|thanks|thank you|for me|if possible|now)\b|[?!.]))+\s*$", re.IGNORECASE
)
_STREET_WORD = re.compile(
    r"\b(?:via|viale|piazza|corso|vicolo|strada|largo|rue|avenue|boulevard|place|calle|plaza|rua|street|st\.?|road|rd\.?|lane|square|gardens|drive|close|way|court|terrace)\b"
    r"|(?:stra(?:ß|ss)e|str\.|gasse|weg|platz|allee|ring|straat|laan|plein|gade|vej|gatan|katu|utca)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class AddressParts:
    """What of an address was said; empty where nothing was. `country` is ISO 3166-1 alpha-2."""

    name: str = ""
    line1: str = ""
    line2: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""
    country: str = ""
    phone: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What nobody can deliver without, in the order in which one asks for it. Some countries have no postcodes."""
        needed: Mapping[str, str] = {
            "line1": self.line1,
            "city": self.city,
            "postal_code": self.postal_code,
            "country": self.country,
            "name": self.name,
        }
        return tuple(name for name, value in needed.items() if not value)

    def in_country(self, default_country: str) -> "AddressParts":
        """The address in that country when none is named and the postcode fits it."""
        return self if self.country else replace(self, country=_country_of(self.postal_code, default_country))

    @property
    def is_empty(self) -> bool:
        """Whether nothing of an address was found."""
        return not (self.line1 or self.postal_code)

    def completed(self, other: "AddressParts") -> "AddressParts":
        """This address, with what it lacks taken from another."""
        return AddressParts(*(getattr(self, name) or getattr(other, name) for name in self.__dataclass_fields__))

    def as_record(self) -> dict[str, str]:
        """The parts that are there, by the names of `kernel.address.Address`."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if getattr(self, name)}


def country(text: str) -> str | None:
    """The country that is named, by its name or as a code of two capitals."""
    plain = plainly(text)
    for name in sorted(lexicon().countries, key=len, reverse=True):
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", plain):
            return lexicon().countries[name]
    codes = set(lexicon().countries.values())
    return next((word for word in re.findall(r"\b[A-Z]{2}\b", text) if word in codes), None)


def postcode(text: str, of_country: str | None = None) -> str | None:
    """The first postcode in the text: of that country, or of any."""
    own = lexicon().postcodes.get(of_country or "")
    patterns = [own] if own is not None else _all_patterns()
    for pattern in patterns:
        found = re.search(rf"(?<![\w.-])(?:{pattern})(?![\w]|[.,]\d)", text)
        if found:
            return found.group().upper()
    return None


def address(text: str, *, default_country: str = "") -> AddressParts:
    """The parts of an address in the text. `default_country` is taken when none is named and the postcode fits it."""
    said = _AFTER.sub("", text.strip()[:LONGEST_ADDRESS_CHARACTERS])
    telephone = phone(said) if "+" in said or re.search(r"(?i)\b(?:phone|tel)", said) else None
    for value in (*emails(said), *([telephone] if telephone else [])):
        said = said.replace(value, " ")
    segments = [segment for part in re.split(r"[\n;]|,", _without_introduction(said)) if (segment := part.strip(" .:"))]
    segments = [segment for segment in _split_one_line(segments) if len(segment) <= LONGEST_PART_CHARACTERS]
    segments, named_country = _take_country(segments)
    place, parts = _take_place(segments, named_country)
    if place is None:
        return _without_place(segments, named_country, telephone)
    parts = replace(parts, phone=telephone or "")
    before = list(segments[:place])
    parts = _with_lines(parts, before)
    if not parts.country:
        parts = replace(parts, country=_country_of(parts.postal_code, default_country))
    return parts


_NAMED_STREET = re.compile(
    r"(?<!\w)(?:(?:via|viale|piazza|corso|vicolo|strada|largo|rue|avenue|boulevard|calle|plaza|rua)\s+[^\d,;.\n]{2,50}?"
    r"|[^\W\d_][^\d,;.\n]{0,40}?(?:stra(?:ß|ss)e|str\.|gasse|weg|platz|allee|street|road|lane|straat|laan|gade|vej))"
    r"\s*\d+\s?[a-zA-Z]?(?!\w)",
    re.IGNORECASE,
)


def spelt_out(text: str) -> AddressParts:
    """The address that a sentence spells out, or the street alone; empty when it only speaks of one ("my place")."""
    said = re.sub(r"(?i)\bb\W?\d{4,}", " ", text)
    parts = address(said)
    street = list(_NAMED_STREET.finditer(said))
    if parts.postal_code and any(letter.isdigit() for letter in parts.line1):
        return parts
    if not street:
        return AddressParts()
    named = street[-1].group().strip()
    opening = re.search(r"(?i)(?:^|\s)((?:via|viale|piazza|corso|vicolo|strada|largo|rue|avenue)\s.*)", named)
    return AddressParts(line1=(opening.group(1) if opening else named).strip(), postal_code=parts.postal_code)


def _without_introduction(said: str) -> str:
    rest = said
    for _ in range(4):
        plain = rest.lower().replace("’", "'")
        opening = next(
            (
                words
                for words in lexicon().introductions["address"]
                if re.match(rf"{re.escape(words)}(?=[\s:,])", plain)
            ),
            None,
        )
        if opening is None:
            break
        rest = rest[len(opening) :].lstrip(" :,\n")
    within = _IN_A_SENTENCE.match(rest)
    if within and _SENTENCE_WORD.search(within.group(1)):
        rest = rest[within.end(1) :]
    # "… to my office: Via Roma 3": what stands before a colon is said about the address.
    about, colon, after = rest.partition(":")
    return after.strip() if colon and "\n" not in about and not any(letter.isdigit() for letter in about) else rest


_STREET_PART = r"(.*?[^\W\d_].*?\s\d+\s?[a-zA-Z]?(?:[/-]\d+\w?)?)"
_CODE_PART = r"(?:[A-Z]{1,2}-)?(?:\d{2}-\d{3}|\d{4}-\d{3}|\d{4}\s?[A-Z]{2}\b|\d{3}\s\d{2}|\d{4,6})"
_RUN_TOGETHER = (
    re.compile(rf"{_STREET_PART}\s+({_CODE_PART}\s+[^\d]+)"),
    re.compile(rf"{_STREET_PART}\s+([^\d]{{2,}}\s{_CODE_PART}(?:\s+[^\d]+)?)"),
)


def _split_one_line(segments: Sequence[str]) -> list[str]:
    """ "Hauptstraße 5 80331 München" without any comma: before the postcode (or the city before it) and from it on."""
    split: list[str] = []
    for segment in segments:
        inside = next((found for pattern in _RUN_TOGETHER if (found := pattern.fullmatch(segment))), None)
        split += [inside.group(1), inside.group(2)] if inside else [segment]
    return split


def _take_country(segments: list[str]) -> tuple[list[str], str]:
    names = lexicon().countries
    codes = set(names.values())
    for place in range(len(segments) - 1, -1, -1):
        plain = plainly(segments[place])
        if plain in names or (segments[place] in codes):
            return segments[:place] + segments[place + 1 :], names.get(plain, segments[place])
    if segments:
        last, plain = segments[-1], plainly(segments[-1])
        for name in sorted(names, key=len, reverse=True):
            if plain.endswith(f" {name}"):
                kept = re.sub(r"\s+(?:in|,)$", "", last[: len(last) - len(name)].strip())
                return [*segments[:-1], kept], names[name]
    return segments, ""


def _take_place(segments: Sequence[str], named_country: str) -> tuple[int | None, AddressParts]:
    """The segment that holds the postcode, and the postcode, city and region in it."""
    for place in range(len(segments) - 1, -1, -1):
        segment, region = segments[place], ""
        if found := _REGION.search(segment):
            segment, region = segment[: found.start()], found.group(1).upper()
        for pattern in _patterns(named_country):
            parts = _place_of(segment, pattern)
            if parts is None:
                continue
            postal_code, city, prefix = parts
            following = segments[place + 1] if place + 1 < len(segments) else ""
            before = segments[place - 1] if place else ""
            if not city and following and not any(letter.isdigit() for letter in following):
                city = following
            elif not city and before and not any(letter.isdigit() for letter in before):
                # "London, SW1A 2AA": the city stands before its postcode.
                return place - 1, AddressParts(
                    postal_code=postal_code, city=before, region=region, country=named_country
                )
            country_code = named_country or _BEFORE_POSTCODE.get(prefix, prefix if len(prefix) == 2 else "")
            return place, AddressParts(postal_code=postal_code, city=city, region=region, country=country_code)
    return None, AddressParts()


def _place_of(segment: str, pattern: str) -> tuple[str, str, str] | None:
    """(postcode, city, prefix) of a segment that holds nothing but these."""
    first = re.fullmatch(rf"(?:([A-Z]{{1,2}})\s?-\s?)?({pattern})(?:\s+([^\d]+))?", segment)
    if first:
        return first.group(2).upper(), (first.group(3) or "").strip(), first.group(1) or ""
    last = re.fullmatch(rf"([^\d]+?)\s+(?:([A-Z]{{1,2}})\s?-\s?)?({pattern})", segment)
    # A street and its number look like a city and its postcode; streets have words of their own.
    if last and not _STREET_WORD.search(last.group(1)):
        return last.group(3).upper(), last.group(1).strip(), last.group(2) or ""
    return None


def _with_lines(parts: AddressParts, before: list[str]) -> AddressParts:
    street = next((place for place, segment in enumerate(before) if _is_street(segment)), None)
    if street is None:
        return replace(parts, name=_name_in(before)) if before else parts
    line1 = before[street]
    rest = before[street + 1 :]
    # "Via Roma, 3": Italians put a comma before the number.
    if rest and not any(letter.isdigit() for letter in line1) and re.fullmatch(r"\d+\s?\w?(?:/\w+)?", rest[0]):
        line1, rest = f"{line1} {rest[0]}", rest[1:]
    name = _name_in(before[:street])
    return replace(parts, line1=line1, line2=", ".join(rest), name=name)


def _is_street(segment: str) -> bool:
    if _FURTHER_LINE.match(segment) and not re.match(r"\d+\w?,?\s+[^\W\d]", segment):
        return False
    return bool(
        _STREET_WORD.search(segment) or (_STREET_NUMBER.search(segment) and re.search(r"[^\W\d_]{2,}", segment))
    )


def _name_in(segments: Sequence[str]) -> str:
    """The name before a street: what stands nearest to it and is written as names are, else other words."""
    named = [_without_lead(segment) for segment in reversed(segments)]
    fitting = [one for one in named if re.fullmatch(r"(?:[^\W\d_][\w'’.-]*\s?){1,6}", one)]
    plain_words = {one: [word in _plain_words() for word in plainly(one).split()] for one in fitting}
    written = (one for one in fitting if _with_capitals(one) and not all(plain_words[one]))
    return next(written, "") or next((one for one in fitting if not any(plain_words[one])), "")


@cache
def _plain_words() -> frozenset[str]:
    """Words with which people ask, answer and order: nobody is called so."""
    words = lexicon()
    listed = (*words.silent.values(), *words.answers.values(), words.joints.beginning)
    return frozenset(word for phrases in listed for phrase in phrases for word in phrase.split())


def _with_capitals(name: str) -> bool:
    return all(word[0].isupper() or word in PARTICLES for word in name.split())


def _without_lead(segment: str) -> str:
    """A segment without what leads up to a name: "deliver to", "it goes to my mother", "check out for"."""
    plain = plainly(segment)
    leads = (*lexicon().introductions["address"], *lexicon().introductions["name"])
    opening = max((words for words in leads if plain.startswith(f"{words} ")), key=len, default="")
    rest = segment[len(opening) :].strip(" :")
    within = re.search(r"(?:^|\s)(?:to|for)\s+(?=[A-ZÀ-Ý])", rest)
    return rest[within.end() :].strip() if within else rest


def _without_place(segments: Sequence[str], named_country: str, telephone: str | None) -> AddressParts:
    street = next((place for place, segment in enumerate(segments) if _is_street(segment)), None)
    if street is None:
        return AddressParts(country=named_country)
    following = [segment for segment in segments[street + 1 :] if not any(letter.isdigit() for letter in segment)]
    return AddressParts(
        name=_name_in(segments[:street]),
        line1=segments[street],
        city=following[0] if following else "",
        country=named_country,
        phone=telephone or "",
    )


def _patterns(named_country: str) -> Sequence[str]:
    own = lexicon().postcodes.get(named_country)
    return [own] if own else _all_patterns()


def _all_patterns() -> list[str]:
    # Longer forms first, so that "1012 AB" is not read as "1012".
    return sorted(dict.fromkeys(lexicon().postcodes.values()), key=len, reverse=True)


def _country_of(postal_code: str, default_country: str) -> str:
    fitting = [code for code, pattern in lexicon().postcodes.items() if re.fullmatch(pattern, postal_code)]
    if default_country in fitting:
        return default_country
    return fitting[0] if len(fitting) == 1 else ""
