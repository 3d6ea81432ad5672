"""How constraints on numbers are told on a chip: the attribute's name, the bound, and the shopper's own unit."""

from collections.abc import Sequence

from bottega.shop.catalogue.understanding.figures import figure_text
from bottega.shop.catalogue.understanding.language import BoundWord
from bottega.shop.catalogue.understanding.measures import Unit, measures

_BOUNDS = {"most": "at most", "least": "at least", "around": "around", "exactly": ""}
_STRICT_BOUNDS = {"most": "under", "least": "over", "around": "around", "exactly": ""}
_SIGNS = {
    "celsius": " °C",
    "fahrenheit": " °F",
    "inch": '"',
    "g_m2": " g/m²",
    "ghz": " GHz",
    "mhz": " MHz",
    "khz": " kHz",
    "hz": " Hz",
    "mah": " mAh",
    "wh": " Wh",
    "va": " VA",
    "kva": " kVA",
    "kw": " kW",
    "mp": " MP",
}
# Units whose sign is written in capitals.
_CAPITALS = frozenset({"kb", "mb", "gb", "tb", "w", "v"})
# What is counted is named by the attribute already.
_COUNTED = frozenset({"people", "count"})


def bound_label(name: str, values: Sequence[float], unit: Unit | None, bound: BoundWord | None) -> str:
    """Such as `weight under 500 g`, `capacity 20 l to 40 l`, `processor cores 4`."""
    told = [f"{figure_text(value)}{_sign(unit)}" for value in values]
    title = title_of(name)
    if len(told) == 2:
        return f"{title} {told[0]} to {told[1]}"
    if bound is None:
        # Without a bound a temperature is the coldest that is asked for.
        word = "at most" if unit is not None and unit.dimension == "temperature" else ""
    else:
        word = (_STRICT_BOUNDS if bound.strict else _BOUNDS)[bound.bound]
    return " ".join(f"{title} {word} {told[0]}".split())


def title_of(name: str) -> str:
    """An attribute's name as people read it: its words, without the unit and what stands in brackets."""
    plain = name.split(".")[1] if name.startswith("option.") else name
    base = measures().name_without_unit(plain) or plain
    parts = [part for part in base.partition("__")[0].split("_") if part and part != "quantity"]
    return " ".join(parts) or plain


def _sign(unit: Unit | None) -> str:
    if unit is None or unit.dimension in _COUNTED:
        return ""
    if unit.name in _CAPITALS:
        return f" {unit.name.upper()}"
    return _SIGNS.get(unit.name, f" {unit.name}")
