"""Products as the tools show them, read for the dialogue: cards, variants, options and prices."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue.json_values import record, records
from bottega.agents.assistant.dialogue.state import Item, Json
from bottega.agents.assistant.language.slots.said import words_of
from bottega.kernel.money import format_amount

Product = Mapping[str, Json]
_WORDS_KEPT = 16


def listed(result: Json) -> Sequence[Product]:
    """Products out of what a tool answers, whatever it wraps them in."""
    held = record(result)
    wrapped = (held[name] for name in ("products", "items", "cards", "result") if held.get(name))
    return records(next(wrapped, result))


def item(product: Product) -> Item:
    """What is remembered of a product that was shown."""
    price, currency = price_of(product)
    return Item(
        handle=str(product.get("id") or product.get("product_id") or ""),
        title=str(product.get("title", "")),
        price_minor=price,
        currency=currency,
        words=_words(product),
        brand=str(product.get("brand", "")).lower(),
        grams=min((int(one["weight_grams"]) for one in variants(product) if one.get("weight_grams")), default=None),
        kinds=tuple(words_of(" ".join(re.split(r"[/-]", _path(product))))),
    )


def _path(product: Product) -> str:
    category: Any = product.get("category")
    return str(record(category).get("path", "")) if isinstance(category, dict) else str(category or "")


def _words(product: Product) -> tuple[str, ...]:
    texts = [
        str(product.get("brand", "")),
        *re.split(r"[/-]", _path(product)),
        *(str(tag) for tag in product.get("tags") or ()),
    ]
    colours = options_of(product).get("colour", ())
    found = [word for text in (*texts, *colours) for word in words_of(text)]
    return tuple(dict.fromkeys(found))[:_WORDS_KEPT]


def reference_of(product: Product) -> str:
    """The product as a reply names it: by its handle, which the reader sees as its title."""
    handle = product.get("id") or product.get("product_id")
    return f"[{handle}]" if handle else str(product.get("title", ""))


def price_of(product: Product) -> tuple[int | None, str]:
    """The lowest price, in minor units, and its currency."""
    price = record(product.get("price"))
    if price:
        return int(price["amount_minor"]), str(price.get("currency", ""))
    currency = str(product.get("currency", ""))
    if isinstance(product.get("price_minor"), int):
        return int(product["price_minor"]), currency
    prices = [variant["price_minor"] for variant in variants(product) if isinstance(variant.get("price_minor"), int)]
    return (min(prices) if prices else None), currency


def variants(product: Product) -> Sequence[Mapping[str, Any]]:
    """Its variants."""
    return records(product.get("variants"))


def values_of(line_or_variant: Mapping[str, Json]) -> dict[str, str]:
    """Its options with their values."""
    return {name: str(value) for name, value in record(line_or_variant.get("option_values")).items()}


def options_of(product: Product) -> dict[str, list[str]]:
    """Option names with their values, in the order of the variants."""
    found: dict[str, list[str]] = {}
    for variant in variants(product):
        for name, value in values_of(variant).items():
            values = found.setdefault(name, [])
            if value not in values:
                values.append(value)
    return found


def matching(product: Product, chosen: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
    """Variants that have all chosen values."""
    return [
        variant
        for variant in variants(product)
        if all(values_of(variant).get(name) == value for name, value in chosen.items())
    ]


def available(variant: Mapping[str, Any]) -> int:
    """Units of a variant that can be ordered now."""
    held = variant.get("available", 0)
    return int(held) if isinstance(held, int | float) else 0


def variant_name(variant: Mapping[str, Any]) -> str:
    """ "M blue" """
    return " ".join(values_of(variant).values())


def money(amount_minor: int, currency: str) -> str:
    """An amount as it is said: 149.00 EUR."""
    return f"{format_amount(amount_minor, currency)} {currency}" if currency else str(amount_minor)


def enumerated(words: Sequence[str], joint: str = "and") -> str:
    """ "S, M and L" """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"
