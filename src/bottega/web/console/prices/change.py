"""A change of many prices as a form asks for it, and what each would become; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from bottega.kernel.errors import Invalid
from bottega.kernel.money import CURRENCY_DIGITS, parse_amount
from bottega.web.forms import Form

MOST_PERCENT = Decimal(1_000)
# What amounts may end in after a change, in hundredths of the unit.
ENDINGS: Mapping[str, tuple[str, int | None]] = {
    "": ("to the cent", None),
    "00": ("to .00", 0),
    "90": ("to .90", 90),
    "95": ("to .95", 95),
    "99": ("to .99", 99),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One price and what it would become; `percent` is None for a first price."""

    variant_id: str
    sku: str
    title: str
    currency: str
    before_minor: int | None
    after_minor: int
    cost_minor: int | None

    @property
    def percent(self) -> int | None:
        if not self.before_minor:
            return None
        return round(100 * (self.after_minor - self.before_minor) / self.before_minor)

    @property
    def is_below_cost(self) -> bool:
        return self.cost_minor is not None and self.after_minor < self.cost_minor


def by_percent(rows: Iterable[Mapping[str, Any]], percent: Decimal, ending: str, currency: str) -> list[Move]:
    """Every price moved by so many percent and rounded to the ending; those that stay are left out."""
    moves: list[Move] = []
    for row in rows:
        before = row["amount_minor"]
        if before is None:
            continue
        exact = Decimal(before) * (100 + percent) / 100
        after = rounded(exact, ending, currency)
        if after != before:
            title = f"{row['title']}, {', '.join(str(value) for value in row['option_values'].values())}"
            moves.append(Move(row["id"], row["sku"], title.rstrip(", "), currency, before, after, row["cost_minor"]))
    return moves


def rounded(exact: Decimal, ending: str, currency: str) -> int:
    """The amount in minor units that ends as asked and lies nearest; currencies without cents are rounded to one."""
    cents = ENDINGS.get(ending, ENDINGS[""])[1]
    if cents is None or CURRENCY_DIGITS[currency] != 2:
        return int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    nearest = int(((exact - cents) / 100).quantize(Decimal(1), ROUND_HALF_UP)) * 100 + cents
    return max(nearest, cents)


def percent_of(form: Form) -> Decimal:
    """The percentage of a form, as `-12.5`; raises `Invalid`."""
    text = form.text("percent").replace(",", ".").replace("−", "-").removesuffix("%").strip()
    try:
        percent = Decimal(text)
    except InvalidOperation:
        percent = None
    if percent is None or not percent.is_finite() or not -100 < percent <= MOST_PERCENT:
        raise Invalid(
            "bad_percent", f"'{text[:20]}' is not a percentage between -100 and 1000.", next_step="Write it as -12.5."
        )
    return percent


def lines_of(text: str) -> tuple[dict[tuple[str, str], int], list[str]]:
    """Prices by SKU and currency out of lines `SKU, currency, amount`; and the lines that are none."""
    found: dict[tuple[str, str], int] = {}
    wrong: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = [part.strip().strip('"') for part in line.replace(";", ",").replace("\t", ",").split(",")]
        if not line.strip() or (number == 1 and parts[0].lower() == "sku"):
            continue
        if len(parts) != 3 or parts[1].upper() not in CURRENCY_DIGITS or (parts[0], parts[1].upper()) in found:
            wrong.append(f"line {number}")
            continue
        try:
            amount = parse_amount(parts[2], parts[1].upper())
        except Invalid:
            amount = -1
        if amount < 0:
            wrong.append(f"line {number}")
        else:
            found[parts[0], parts[1].upper()] = amount
    return found, wrong


def field_of(moves: Sequence[Move]) -> str:
    """The moves as one field of a form: what was looked at is what is done."""
    lines = (
        (move.variant_id, move.currency, "" if move.before_minor is None else move.before_minor, move.after_minor)
        for move in moves
    )
    return "\n".join(",".join(str(part) for part in line) for line in lines)


def moves_of(field: str) -> list[tuple[str, str, int | None, int]]:
    """Variant, currency, the price that was seen, and the new one."""
    found: list[tuple[str, str, int | None, int]] = []
    for line in field.split():
        parts = line.split(",")
        if len(parts) != 4 or not parts[3].isdecimal() or not (parts[2] == "" or parts[2].isdecimal()):
            raise Invalid("form_incomplete", "The list of prices cannot be read.", next_step="Begin again.")
        found.append((parts[0], parts[1], int(parts[2]) if parts[2] else None, int(parts[3])))
    return found
