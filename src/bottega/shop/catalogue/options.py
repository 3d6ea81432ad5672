"""Whether variants fit the options of their product; pure."""

from collections.abc import Iterable, Mapping, Sequence

from bottega.shop.catalogue.errors import OptionsMismatch, SkuTaken


def check_options(option_names: Sequence[str], variants: Iterable[tuple[str, Mapping[str, str]]]) -> None:
    """Raises `OptionsMismatch` unless each (sku, option values) has every option, each combination once."""
    names = set(option_names)
    if len(names) != len(option_names):
        raise OptionsMismatch("", "an option is named twice")
    combinations: dict[tuple[str, ...], str] = {}
    skus: set[str] = set()
    for sku, values in variants:
        if sku in skus:
            raise SkuTaken(sku)
        skus.add(sku)
        if set(values) != names:
            wanted = ", ".join(option_names) or "none"
            raise OptionsMismatch(
                sku, f"it has values for {', '.join(sorted(values)) or 'none'}; the options are {wanted}"
            )
        combination = tuple(values[name] for name in option_names)
        sibling = combinations.setdefault(combination, sku)
        if sibling != sku:
            described = ", ".join(combination) or "without options"
            raise OptionsMismatch(sku, f"it is the same as variant '{sibling}' ({described})")
