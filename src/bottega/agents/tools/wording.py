"""How tools put records into words: amounts, lines, addresses, ways to pay."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bottega.kernel.address import Address
from bottega.kernel.money import format_amount


def money(amount_minor: int, currency: str) -> str:
    """An amount as it is said: 149.00 EUR."""
    return f"{format_amount(amount_minor, currency)} {currency}"


def lines(given: Iterable[Mapping[str, Any]]) -> str:
    """ "2 × Rain Jacket (M, blue), 1 × Beanie (red)" """
    return ", ".join(line(one) for one in given)


def line(given: Mapping[str, Any], quantity: int | None = None) -> str:
    """One line with its options and how many of it."""
    number = given["quantity"] if quantity is None else quantity
    return f"{number} × {title_with_options(given)}"


def title_with_options(given: Mapping[str, Any]) -> str:
    """ "Rain Jacket (M, blue)" """
    options = options_of(given["option_values"])
    return f"{given['title']} ({options})" if options else str(given["title"])


def options_of(values: Mapping[str, Any]) -> str:
    """ "M, blue" """
    return ", ".join(str(value) for value in values.values())


def address(given: Address | Mapping[str, Any]) -> str:
    """On one line, as it would be read out."""
    values = given.model_dump() if isinstance(given, Address) else given
    town = f"{values.get('postal_code', '')} {values['city']}".strip()
    parts = [values["name"], values["line1"], values.get("line2", ""), town, values.get("region", "")]
    return ", ".join([part for part in parts if part] + [values["country"]])


def instrument(given: Mapping[str, Any]) -> str:
    """ "your visa ending in 4242", "your gift card", "bank transfer" """
    match given["kind"]:
        case "gift_card":
            return "your gift card"
        case "bank_transfer":
            return "bank transfer"
        case kind:
            name = given["brand"] or kind
            return f"your {name} ending in {given['last_four']}" if given["last_four"] else f"your {name}"


def listed(words: Sequence[str], joint: str = "and") -> str:
    """ "S, M and L" """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"


def the_rest(ordered: Iterable[str], named: Iterable[str]) -> str:
    """A reminder of the lines that were not named: they stay as they are; a change may be possible only once."""
    return " Everything else in the order stays as it is." if set(ordered) - set(named) else ""
