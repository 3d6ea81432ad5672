"""Corrections of what was said before: "no, I meant the second", "actually, make it three"."""

import re
from dataclasses import dataclass

from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.said import tidied


@dataclass(frozen=True, slots=True)
class Correction:
    """What stands instead, without the words that announce it; `instead_of` is what was taken back, if it was named."""

    instead: str
    instead_of: str = ""


def correction(text: str) -> Correction | None:
    """The correction in a message that announces one, or None. "Not the red, the blue" is one too."""
    said = tidied(text)
    plain = said.lower()
    for opening in lexicon().corrections:
        if plain.startswith(opening) and re.match(r"[\s,:.!-]|$", plain[len(opening) :] or " "):
            rest = said[len(opening) :].strip(" ,:.!-")
            return Correction(*_not_but(rest)) if rest else None
    instead, instead_of = _not_but(said)
    return Correction(instead, instead_of) if instead_of else None


def _not_but(plain: str) -> tuple[str, str]:
    found = re.fullmatch(r"(?i)(?:no,? )?not (?:in )?(.+?)(?:,| but| - |;)\s*(?:rather |but )?(?:in )?(.+)", plain)
    if found and len(found.group(1).split()) <= 4:
        return found.group(2), found.group(1)
    found = re.fullmatch(r"(?i)(.+?),? (?:not|instead of|rather than) (.+)", plain)
    if found and len(found.group(2).split()) <= 4 and len(found.group(1).split()) <= 6:
        return found.group(1).strip(" ,"), found.group(2)
    return plain, ""
