"""Figures in texts and records: amounts, percentages, dates, numbers, codes, and quoted words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from bottega.kernel.money import CURRENCY_DIGITS
from bottega.runtime.evidence import Json
from bottega.runtime.guard.words import compact, numbers_in, readings

FigureKind = Literal["amount", "percent", "date", "code", "email", "number"]

SYMBOLS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "₹": "INR"}
_WORDS_OF_MONEY = {"euro": "EUR", "euros": "EUR", "dollars": "USD", "dollar": "USD", "pounds": "GBP", "cents": ""}
_NUMBER = r"\d{1,3}(?:[ .,’'\u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d{1,3})?"
_CODES = "|".join(CURRENCY_DIGITS)
_AMOUNT = re.compile(
    rf"(?P<before>[€£$¥₹]|\b(?:{_CODES})\b) ?(?P<first>{_NUMBER})"
    rf"|(?P<second>{_NUMBER}) ?(?P<after>[€£¥₹]|\$(?!\w)|\b(?:{_CODES})\b|(?:euros?|dollars?|pounds)\b)",
)
_PERCENT = re.compile(rf"(?P<number>{_NUMBER}) ?(?:%|per ?cent\b|percent\b)")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sep", "sept"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        1,
    )
    for name in names
}
_MONTH = rf"(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?\b"
    rf"|\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m1>{_MONTH}),?(?: (?P<y1>\d{{4}}))?\b"
    rf"|\b(?P<m2>{_MONTH}) (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,? (?P<y2>\d{{4}}))?"
    rf"|\b(?P<a>\d{{1,2}})[./](?P<b>\d{{1,2}})[./](?P<y3>\d{{4}})\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"#?\b(?=[A-Za-z0-9-]*\d)(?=[A-Za-z0-9-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b|#\w+|\b\d{5,}\b")
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_PLAIN = re.compile(rf"(?<![\w.,-])(?:{_NUMBER})(?![\w%])")
_SPOKEN = re.compile(
    r"\b(?:three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    r"nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)\b",
    re.IGNORECASE,
)
_LIST_MARK = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s+", re.MULTILINE)
_TIME = re.compile(r"\b\d{1,2}:\d{2}\b")
QUOTED = re.compile(r"“([^”\n]{3,400})”|\"([^\"\n]{3,400})\"|«([^»\n]{3,400})»|\*\*([^*\n]{3,200})\*\*")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a text. `meanings` are what it can stand for: numbers, dates as (year, month, day) with year 0 when
    it is not said, or a folded code. `currency` is empty when none is named."""

    kind: FigureKind
    written: str
    meanings: frozenset[Any]
    currency: str = ""


def figures_in(text: str) -> list[Figure]:
    """Every figure of a text; what was recognised as one kind is not looked at as another."""
    text = _LIST_MARK.sub("", text)
    found: list[Figure] = []
    for pattern, read in _READERS:
        found += [read(match) for match in pattern.finditer(text)]
        text = pattern.sub(lambda match: " " * len(match[0]), text)
    return found


def _amount(match: re.Match[str]) -> Figure:
    mark = (match["before"] or match["after"]).strip()
    currency = SYMBOLS.get(mark) or _WORDS_OF_MONEY.get(mark.lower()) or mark.upper()
    return Figure("amount", match[0], frozenset(readings(match["first"] or match["second"])), currency)


def _percent(match: re.Match[str]) -> Figure:
    return Figure("percent", match[0], frozenset(readings(match["number"])))


def _date(match: re.Match[str]) -> Figure:
    if match["iso"]:
        year, month, day = (int(part) for part in match["iso"].split("-"))
        return Figure("date", match[0], frozenset({(year, month, day)}))
    if match["y3"]:
        first, second, year = int(match["a"]), int(match["b"]), int(match["y3"])
        return Figure("date", match[0], frozenset({(year, second, first), (year, first, second)}))
    month = _MONTHS[(match["m1"] or match["m2"]).rstrip(".").lower()]
    day, year = int(match["d1"] or match["d2"]), int(match["y1"] or match["y2"] or 0)
    return Figure("date", match[0], frozenset({(year, month, day)}))


def _code(match: re.Match[str]) -> Figure:
    return Figure("code", match[0], frozenset({compact(match[0])}))


def _email(match: re.Match[str]) -> Figure:
    return Figure("email", match[0], frozenset({match[0].casefold().rstrip(".")}))


def _plain(match: re.Match[str]) -> Figure:
    return Figure("number", match[0], frozenset(readings(match[0])))


def _spoken(match: re.Match[str]) -> Figure:
    return Figure("number", match[0], frozenset(numbers_in(match[0])))


def _time(match: re.Match[str]) -> Figure:
    return Figure("code", match[0], frozenset({compact(match[0])}))


_READERS = (
    (_EMAIL, _email),
    (_DATE, _date),
    (_AMOUNT, _amount),
    (_PERCENT, _percent),
    (_TIME, _time),
    (_CODE, _code),
    (_PLAIN, _plain),
    (_SPOKEN, _spoken),
)


def amounts_in(value: Json, currency: str = "") -> Iterator[tuple[float, str]]:
    """Amounts of a record: every number under a name that ends in `_minor`, in the currency that stands nearest."""
    members: Any = value
    match value:
        case dict():
            named = members.get("currency")
            currency = named if isinstance(named, str) else currency
            for name, member in members.items():
                if str(name).endswith("_minor") and isinstance(member, int) and not isinstance(member, bool):
                    yield abs(member) / 10 ** CURRENCY_DIGITS.get(currency, 2), currency
                else:
                    yield from amounts_in(member, currency)
        case list() | tuple():
            for member in members:
                yield from amounts_in(member, currency)
        case _:
            return


def date_of(text: str) -> tuple[int, int, int] | None:
    """The day of an ISO date or moment."""
    try:
        day: date = datetime.fromisoformat(text).date() if len(text) > 10 else date.fromisoformat(text)
    except ValueError:
        return None
    return day.year, day.month, day.day
