"""Attributes of a product as a table shows them: names in words, figures with their unit."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

# The end of an attribute's name, and how its unit is written; the longer ones first.
UNITS = {
    "_litres_per_minute": "l/min",
    "_g_m2": "g/m²",
    "_celsius": "°C",
    "_grams": "g",
    "_kg": "kg",
    "_mm": "mm",
    "_cm": "cm",
    "_metres": "m",
    "_litres": "l",
    "_hours": "h",
    "_minutes": "min",
    "_lumens": "lm",
    "_kcal": "kcal",
    "_kilonewtons": "kN",
    "_watts": "W",
    "_cuin": "cuin",
    "_people": "people",
}
FIRST_GROUPED = 10_000


def facts_of(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values in words: `fill_weight_grams: 145` is `Fill weight`, `145 g`."""
    return [_fact(name, value) for name, value in attributes.items()]


def _fact(name: str, value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        return _words(name), "Yes" if value else "No"
    if isinstance(value, list | tuple):
        parts = cast("Iterable[Any]", value)
        return _words(name), ", ".join(map(str, parts))
    ending = next((ending for ending in UNITS if name.endswith(ending)), "")
    text = _figure(value) if isinstance(value, int | float) else str(value)
    return _words(name.removesuffix(ending)), f"{text} {UNITS[ending]}" if ending else text


def _figure(value: float) -> str:
    """Grouped from five digits on, because a year is not."""
    return (f"{value:,}" if abs(value) >= FIRST_GROUPED else str(value)).replace("-", "−")


def _words(name: str) -> str:
    """Spaced, with a capital in front; capitals within stay."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
