"""How pages write amounts, dates and counts, and what refusals say to shoppers instead of to programs."""

from datetime import date, datetime, timedelta

from bottega.kernel.errors import Refusal
from bottega.kernel.money import format_amount

_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥"}


def money(amount_minor: int, currency: str) -> str:
    """An amount as prices are written: `€1,290.00`, `120.00 CHF`, `−€5.00`."""
    text = format_amount(abs(amount_minor), currency)
    whole, point, rest = text.partition(".")
    grouped = f"{int(whole):,}{point}{rest}"
    sign = "−" if amount_minor < 0 else ""
    mark = _SIGNS.get(currency)
    return f"{sign}{mark}{grouped}" if mark else f"{sign}{grouped} {currency}"


def day(moment: datetime | date) -> str:
    """`2 December 2026`."""
    return f"{moment.day} {moment:%B %Y}"


def short_day(moment: datetime | date) -> str:
    """`Wed 2 Dec`."""
    return f"{moment:%a} {moment.day} {moment:%b}"


def day_span(first: date, last: date) -> str:
    """`Wed 2 – Fri 4 Dec`, or one day when they are the same."""
    if first == last:
        return short_day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%a} {first.day} – {short_day(last)}"
    return f"{short_day(first)} – {short_day(last)}"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 item`, `3 items`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def time_left(left: timedelta) -> str:
    """`29 minutes`, `3 hours`, `6 days`: the whole ones; nothing when there is less than a minute."""
    minutes = int(left.total_seconds() // 60)
    if minutes < 1:
        return ""
    if minutes < 120:
        return count(minutes, "minute")
    return count(minutes // 60, "hour") if minutes < 48 * 60 else count(minutes // (24 * 60), "day")


# Where the refusal's own words are meant for programs; the others are shown as they are.
_FOR_SHOPPERS = {
    "out_of_stock": "There are not as many in stock as you would like. Please choose fewer.",
    "no_such_cart": "Your cart has expired. Please add your things again.",
    "cart_closed": "This cart has been ordered already.",
    "not_for_sale": "This is no longer for sale.",
    "no_such_coupon": "We do not know this code. Please check its spelling.",
    "no_such_order": "There is no such order, or it is somebody else's.",
    "no_such_line": "This line is no longer in your cart.",
    "sign_in_refused": "The e-mail address and the password or code do not belong together.",
    "sign_in_locked": "Too many attempts. Please wait a little, or ask for a one-time code.",
    "wrong_password": "This is not your present password.",
    "cross_site_request": "Please send the form again from this page.",
    "too_many_requests": "That was too fast for us. Please wait a moment and try again.",
    "database_away": "The shop cannot be reached just now. Please try again in a moment.",
    "held_for_approval": "A colleague has to look at this first. We will write to you.",
    "email_taken": "There is an account with this e-mail address already. Please sign in.",
}


def for_shoppers(refusal: Refusal) -> str:
    """What a refusal says on a page."""
    return _FOR_SHOPPERS.get(refusal.code, refusal.message)
