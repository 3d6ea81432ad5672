"""Days that were named: "yesterday", "12 March", "last Tuesday", "two weeks ago"."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.said import plainly


@dataclass(frozen=True, slots=True)
class Days:
    """One day, or a stretch of days with both ends included."""

    first: date
    last: date


def days(text: str, today: date) -> Days | None:
    """The day or stretch that the text names, seen from `today`; a day without a year is the nearest past one.

    None when nothing is named, and for a day that no calendar has.
    """
    plain = plainly(text)
    return _calendar(plain, today) or _relative(plain, today) or _stretch(plain, today)


def _calendar(plain: str, today: date) -> Days | None:
    if found := re.search(r"\b(\d{4})-(\d{2})-(\d{2})\b", plain):
        return _one_day(int(found.group(1)), int(found.group(2)), int(found.group(3)))
    if found := re.search(r"(?<![\d.,/])(\d{1,2})[./](\d{1,2})(?:[./](\d{4}|\d{2}))?\.?(?![\d€$£]|[./,]\d)", plain):
        year = _year(found.group(3))
        # Day before month, as in Europe.
        return _in_year(year, int(found.group(2)), int(found.group(1)), today)
    months = "|".join(sorted(lexicon().months, key=len, reverse=True))
    ordinal = r"(\d{1,2})(?:st|nd|rd|th)?"
    if found := re.search(rf"\b{ordinal}(?: of)? ({months})\b\.?,?(?: (\d{{4}}))?", plain):
        return _in_year(_year(found.group(3)), lexicon().months[found.group(2)], int(found.group(1)), today)
    if found := re.search(rf"\b({months})\b\.? {ordinal}\b,?(?: (\d{{4}}))?", plain):
        return _in_year(_year(found.group(3)), lexicon().months[found.group(1)], int(found.group(2)), today)
    return None


def _year(written: str | None) -> int | None:
    if written is None:
        return None
    return int(written) if len(written) == 4 else 2000 + int(written)


def _in_year(year: int | None, month: int, day: int, today: date) -> Days | None:
    if year is not None:
        return _one_day(year, month, day)
    this_year = _one_day(today.year, month, day)
    if this_year is not None and this_year.first > today:
        return _one_day(today.year - 1, month, day)
    return this_year


def _one_day(year: int, month: int, day: int) -> Days | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return Days(found, found)


def _relative(plain: str, today: date) -> Days | None:
    for phrase in sorted(lexicon().days, key=len, reverse=True):
        if re.search(rf"\b{phrase}\b", plain):
            day = today + timedelta(days=lexicon().days[phrase])
            return Days(day, day)
    numbers = "|".join(lexicon().numbers)
    if found := re.search(rf"\b(\d{{1,3}}|an?|{numbers}|couple of|few) (day|week|month)s? ago\b", plain):
        number = _count(found.group(1))
        length = {"day": 1, "week": 7, "month": 30}[found.group(2)]
        day = today - timedelta(days=number * length)
        # Weeks and months are said roughly.
        slack = timedelta(days={"day": 0, "week": 3, "month": 10}[found.group(2)])
        return Days(day - slack, min(today, day + slack))
    weekdays = "|".join(lexicon().weekdays)
    if found := re.search(rf"\b(?:(last|on|since|this) )?({weekdays})\b", plain):
        back = (today.weekday() - lexicon().weekdays[found.group(2)]) % 7 or 7
        day = today - timedelta(days=back)
        return Days(day, day)
    return None


def _count(written: str) -> int:
    if written.isdigit():
        return int(written)
    return {"a": 1, "an": 1, "couple of": 2, "few": 3}.get(written) or lexicon().numbers[written]


def _stretch(plain: str, today: date) -> Days | None:
    monday = today - timedelta(days=today.weekday())
    first_of_month = today.replace(day=1)
    before = first_of_month - timedelta(days=1)
    stretches = {
        "last week": Days(monday - timedelta(days=7), monday - timedelta(days=1)),
        "this week": Days(monday, today),
        "last month": Days(before.replace(day=1), before),
        "this month": Days(first_of_month, today),
        "last year": Days(date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        "this year": Days(date(today.year, 1, 1), today),
    }
    found = next((stretch for phrase, stretch in stretches.items() if re.search(rf"\b{phrase}\b", plain)), None)
    if found is not None:
        return found
    named = re.search(rf"\bin ({'|'.join(sorted(lexicon().months, key=len, reverse=True))})\b(?: (\d{{4}}))?", plain)
    if named is None:
        return None
    month = lexicon().months[named.group(1)]
    year = int(named.group(2)) if named.group(2) else today.year - (month > today.month)
    first = date(year, month, 1)
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return Days(first, min(last, today) if first <= today else last)
