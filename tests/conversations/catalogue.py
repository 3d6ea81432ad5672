"""The shop's products as the cards of an answer are checked against them."""

import json
from dataclasses import dataclass
from typing import Any

import asyncpg

from tests.conversations.form import CardRule
from tests.conversations.reply import Card

PRODUCTS = """
    SELECT p.id, p.handle, p.title, p.brand, c.path AS category, p.attributes,
           array_agg(DISTINCT shop.effective_amount(s, now())) AS amounts
    FROM shop.products p
    JOIN shop.categories c ON c.id = p.category_id
    JOIN shop.variants v ON v.product_id = p.id AND v.active
    JOIN shop.prices s ON s.variant_id = v.id AND s.currency = 'EUR'
    WHERE p.status = 'published'
    GROUP BY p.id, c.path
"""


@dataclass(frozen=True, slots=True)
class Product:
    """A published product; `amounts` are what its variants cost today."""

    handle: str
    title: str
    brand: str
    category: str
    attributes: dict[str, Any]
    amounts: frozenset[int]


Catalogue = dict[str, Product]
"""Products by id."""


async def read_catalogue(connection: asyncpg.Connection) -> Catalogue:
    """All published products."""
    rows = await connection.fetch(PRODUCTS)
    return {
        row["id"]: Product(
            row["handle"],
            row["title"],
            row["brand"],
            row["category"],
            _object(row["attributes"]),
            frozenset(row["amounts"]),
        )
        for row in rows
    }


def false_card(card: Card, catalogue: Catalogue) -> str | None:
    """What a card says that the shop does not."""
    product = catalogue.get(card.product_id)
    if product is None:
        return f"the card “{card.title}” shows no published product ({card.product_id})"
    if card.title != product.title:
        return f"the card of {product.handle} is titled “{card.title}”"
    if card.price.currency != "EUR" or card.price.amount_minor not in product.amounts:
        said = f"{card.price.amount_minor} {card.price.currency}"
        return f"the card of {product.handle} says {said}, it costs {_sorted(product)}"
    return None


def broken_rule(card: Card, product: Product, rule: CardRule) -> str | None:
    """The first part of a rule that a card does not keep."""
    if rule.category and not any(_within(product.category, path) for path in rule.category):
        return f"{product.handle} is in {product.category}, not in {' or '.join(rule.category)}"
    if rule.brand and product.brand not in rule.brand:
        return f"{product.handle} is by {product.brand}, not by {' or '.join(rule.brand)}"
    if rule.handle and product.handle not in rule.handle:
        return f"{product.handle} is none of {', '.join(rule.handle)}"
    amount = card.price.amount_minor
    if rule.price_max_minor is not None and amount > rule.price_max_minor:
        return f"{product.handle} costs {amount}, more than {rule.price_max_minor}"
    if rule.price_min_minor is not None and amount < rule.price_min_minor:
        return f"{product.handle} costs {amount}, less than {rule.price_min_minor}"
    for name, value in rule.attributes.items():
        if product.attributes.get(name) != value:
            return f"{product.handle} has {name} {product.attributes.get(name)!r}, not {value!r}"
    return None


def _within(path: str, parent: str) -> bool:
    return path == parent or path.startswith(f"{parent}/")


def _sorted(product: Product) -> str:
    return " or ".join(str(amount) for amount in sorted(product.amounts))


def _object(value: Any) -> dict[str, Any]:
    return json.loads(value) if isinstance(value, str) else value
