"""E-mail addresses, telephone numbers, names and one-time codes in what was said."""

import re

from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.said import plainly

LONGEST_NAME_WORDS = 5
_EMAIL = re.compile(
    r"[\w.!#$%&*+/=?^`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,63}"
)
_SPOKEN_EMAIL = re.compile(
    r"\b([a-z0-9]+(?:(?:\s+dot\s+|\.|\s+underscore\s+|_|\s+minus\s+|-)[a-z0-9]+)*)\s+(?:at|\(at\)|\[at\])\s+"
    r"([a-z0-9-]+(?:(?:\s+dot\s+|\s*\.\s*)[a-z0-9-]+)*(?:\s+dot\s+|\s*\.\s*)[a-z]{2,10})\b"
)
_PHONE = re.compile(r"(?<![\w-])(?:\+|00)?\(?\d[\d\s()./-]{6,20}\d(?![\w-])")
_CODE = re.compile(r"(?<![\d\w.-])(\d{3}[\s-]?\d{3}|\d{4}|\d{8})(?![\d\w-])")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_NAME_WORD = re.compile(r"[^\W\d_][^\W\d_'’.-]*(?:[-'’][^\W\d_]+)*\.?")
PARTICLES = frozenset(
    ["de", "da", "di", "del", "della", "van", "von", "der", "den", "zu", "la", "le", "du", "dos", "das", "st", "o'"]
)


def emails(text: str) -> tuple[str, ...]:
    """Every e-mail address, in order; also one that is spelt out ("anna dot rossi at example dot com")."""
    found = [match.group().strip(".") for match in _EMAIL.finditer(text)]
    if found:
        return tuple(dict.fromkeys(found))
    spoken = _SPOKEN_EMAIL.search(plainly(text))
    if spoken is None:
        return ()
    user, host = (_as_written(part) for part in spoken.groups())
    return (f"{user}@{host}",)


def _as_written(part: str) -> str:
    for word, sign in (("dot", "."), ("underscore", "_"), ("minus", "-")):
        part = re.sub(rf"\s+{word}\s+", sign, part)
    return re.sub(r"\s+", "", part)


def phone(text: str) -> str | None:
    """The first telephone number as it was written, single spaces; it has 8 to 15 digits."""
    for match in _PHONE.finditer(text):
        written = " ".join(match.group().split())
        if 8 <= sum(letter.isdigit() for letter in written) <= 15:
            return written
    return None


def holds_card_number(text: str) -> bool:
    """Whether a payment card's number stands in the text: 13 to 19 digits with the right check digit."""
    for match in _CARD.finditer(text):
        digits = [int(letter) for letter in reversed(match.group()) if letter.isdigit()]
        doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits)]
        if 13 <= len(digits) <= 19 and sum(doubled) % 10 == 0 and len(set(digits)) > 1:
            return True
    return False


def code(text: str) -> str | None:
    """A one-time code of four, six or eight digits, without gaps."""
    found = _CODE.search(text)
    return None if found is None else re.sub(r"\D", "", found.group(1))


def name(text: str) -> str | None:
    """A person's name that was introduced ("my name is …") or stands alone; None for anything that is not like one."""
    said = re.sub(r"(?i)[\s,]+(?:please|thanks|thank you)$", "", text.strip().strip(".!,;:"))
    plain = plainly(said)
    introduced = False
    for opening in lexicon().introductions["name"]:
        if plain.startswith(f"{opening} ") and len(plain) == len(said):
            said, introduced = said[len(opening) :].strip(" :,"), True
            break
    said = re.split(r"\s*[,;(\n]|\s+(?:and|but)\s+", said, maxsplit=1)[0].strip(" .!")
    words = said.split()
    if (
        plain in lexicon().silent["name"]
        or not 1 <= len(words) <= LONGEST_NAME_WORDS
        or not all(_NAME_WORD.fullmatch(word) for word in words)
    ):
        return None
    # Without an introduction only capitals tell a name from any other words.
    looks_like_one = all(word[0].isupper() or word.lower() in PARTICLES for word in words)
    if not looks_like_one and not (introduced and len(words) <= 3 and _all_unknown(words)):
        return None
    return " ".join(word if word[0].isupper() or word.lower() in PARTICLES else word.capitalize() for word in words)


_BEFORE_A_RECIPIENT = re.compile(
    r"(?i)\b(?:name|recipient)\b(?:\s*(?:[:,]|\bon the \w+|\b(?:is|be|should|shall|must|to|please|now|written)\b))*\s*"
)
_FOR_SOMEBODY = re.compile(r"(?i)\b(?:for|to|addressed to)\s+")
_NAME_AND_SURNAME = 2
_AS_THE_NAME = re.compile(r"((?:[A-ZÀ-Ý][\w'’.-]*\s+){1,5})(?i:as|for)\s+(?i:the\s+)?(?i:name|recipient)\b")


def recipient_in(text: str) -> str | None:
    """For whom a parcel is, out of a sentence that says so: after "the name is", or a name and surname after "for"."""
    if named := _AS_THE_NAME.search(text):
        return named.group(1).strip()
    for opening, least in ((_BEFORE_A_RECIPIENT, 1), (_FOR_SOMEBODY, _NAME_AND_SURNAME)):
        for match in opening.finditer(text):
            words = _capitalised_run(text[match.end() :])
            if len(words) >= least:
                return " ".join(words)
    return None


def _capitalised_run(text: str) -> list[str]:
    """The words of a name with which a text begins: capitals, and particles between them."""
    words: list[str] = []
    for match in re.finditer(r"\S+", text):
        word = match.group().rstrip(",.;:!?)\"'")
        is_one = _NAME_WORD.fullmatch(word) is not None and (word[0].isupper() or (words and word in PARTICLES))
        if not is_one:
            break
        words.append(word)
        if word != match.group() or len(words) == LONGEST_NAME_WORDS:
            break
    return words


def _all_unknown(words: list[str]) -> bool:
    """Whether none of the words is an everyday one: "i am looking" introduces nobody."""
    known = lexicon().joints.beginning | lexicon().silent["introduced"]
    return not any(word.lower() in known or word.lower().endswith("ing") for word in words)
