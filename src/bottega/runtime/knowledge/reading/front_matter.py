"""What a document says about itself before its text begins: YAML between two lines of three dashes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import yaml

from bottega.kernel.errors import Invalid
from bottega.runtime.knowledge.model import DocumentTrust

LARGEST_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The statements that are understood; others are ignored."""

    title: str = ""
    label: str = ""
    language: str = ""
    valid_from: date | None = None
    valid_until: date | None = None
    trust: DocumentTrust | None = None


def split(path: str, text: str) -> tuple[FrontMatter, str]:
    """The statements and the rest of the text; `Invalid` when they begin and cannot be understood."""
    if not text.startswith("---\n"):
        return FrontMatter(), text
    end = text.find("\n---\n", 3)
    if end < 0 or end > LARGEST_CHARACTERS:
        raise _unreadable(path, "the opening lines do not end with '---'")
    try:
        found: Any = yaml.safe_load(text[4:end])
    except yaml.YAMLError:
        raise _unreadable(path, "the opening lines are not YAML") from None
    if not isinstance(found, dict):
        raise _unreadable(path, "the opening lines are no list of statements")
    stated = cast("Mapping[str, Any]", found)
    trust = stated.get("trust")
    if trust not in (None, "shop", "third_party"):
        raise _unreadable(path, "trust is 'shop' or 'third_party'")
    matter = FrontMatter(
        title=str(stated.get("title", ""))[:300],
        label=str(stated.get("version", ""))[:60],
        language=str(stated.get("language", ""))[:20],
        valid_from=_day(path, stated, "valid_from"),
        valid_until=_day(path, stated, "valid_until"),
        trust=trust,
    )
    # Line numbers do not matter to anybody, the rest of the text does.
    return matter, text[end + 5 :]


def _day(path: str, stated: Mapping[str, Any], name: str) -> date | None:
    value = stated.get(name)
    match value:
        case None:
            return None
        case datetime():
            return value.date()
        case date():
            return value
        case _:
            raise _unreadable(path, f"{name} is a date such as 2026-03-01")


def _unreadable(path: str, reason: str) -> Invalid:
    return Invalid("bad_front_matter", f"{path}: {reason}.", next_step="Correct the lines between '---' and '---'.")
