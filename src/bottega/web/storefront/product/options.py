"""Choosing a variant by its options: what can be chosen, and which variant a choice means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bottega.web.storefront.pictures.palette import HEX_BY_NAME

FIELD = "option."
COLOUR_NAMES = ("colour", "color")


@dataclass(frozen=True, slots=True)
class OptionValue:
    """One value; `variants` are those that have it, `in_stock` says whether any of them can be bought."""

    value: str
    is_chosen: bool
    in_stock: bool
    # The colour that a colour's name means, where it is one that catalogues use.
    swatch: str | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose, such as the size."""

    name: str
    field: str
    values: tuple[OptionValue, ...]


def options_of(product: Mapping[str, Any], chosen: Mapping[str, Any] | None) -> list[Option]:
    """Every option with its values in the order of the variants."""
    variants: list[Mapping[str, Any]] = product["variants"]
    found: list[Option] = []
    for name in product["option_names"]:
        values = list(dict.fromkeys(v["option_values"][name] for v in variants if name in v["option_values"]))
        current = None if chosen is None else chosen["option_values"].get(name)
        others = {} if chosen is None else {key: v for key, v in chosen["option_values"].items() if key != name}
        found.append(
            Option(
                name,
                f"{FIELD}{name}",
                tuple(
                    OptionValue(
                        value, value == current, _in_stock(variants, {**others, name: value}), _swatch(name, value)
                    )
                    for value in values
                ),
            )
        )
    return found


def choice_of(product: Mapping[str, Any], given: Mapping[str, str]) -> Mapping[str, Any] | None:
    """The variant that a query or form names, by its id or by options; otherwise the first that can be bought."""
    variants: list[Mapping[str, Any]] = product["variants"]
    for variant in variants:
        if variant["id"] == given.get("variant"):
            return variant
    wanted = {name: given[f"{FIELD}{name}"] for name in product["option_names"] if f"{FIELD}{name}" in given}
    if wanted:
        return variant_with(variants, wanted)
    sellable = [variant for variant in variants if variant["price_minor"] is not None]
    return next((variant for variant in sellable if variant["available"] > 0), next(iter(sellable), None))


def variant_with(variants: list[Mapping[str, Any]], wanted: Mapping[str, str]) -> Mapping[str, Any] | None:
    """The first variant that has all of these values, rather one in stock."""
    fitting = [v for v in variants if all(v["option_values"].get(name) == value for name, value in wanted.items())]
    return next((variant for variant in fitting if variant["available"] > 0), next(iter(fitting), None))


def _swatch(name: str, value: str) -> str | None:
    return HEX_BY_NAME.get(value.casefold()) if name.casefold() in COLOUR_NAMES else None


def _in_stock(variants: list[Mapping[str, Any]], wanted: Mapping[str, str]) -> bool:
    found = variant_with(variants, wanted)
    return found is not None and found["available"] > 0 and found["price_minor"] is not None
