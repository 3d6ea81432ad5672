"""Constraints of an understood sentence as SQL conditions on the read model, and the variants that meet them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.listing import Conditions
from bottega.shop.catalogue.signs import IN_STOCK, ONE_VARIANT, TOLD, Kind, signs
from bottega.shop.catalogue.understanding.model import (
    AvailabilityIs,
    BrandIs,
    CategoryIs,
    Constraint,
    FlagIs,
    NumberBound,
    NumberRange,
    OtherThan,
    PriceBound,
    RatingBound,
    TraitIs,
)

# Traits that are told of variants; all others of products.
VARIANT_TRAITS = ("colour:", "tint:", "size:", "material:", "o:")
MOST_VARIANTS_NAMED = 5


@dataclass(frozen=True, slots=True)
class MatchedVariant:
    """A variant that meets every constraint by itself; `image` is its product's."""

    product_id: str
    variant_id: str
    sku: str
    options: dict[str, str]
    price_minor: int
    in_stock: bool


@dataclass(slots=True)
class _Asked:
    """What constraints ask of one offer, and of the product's row in lists."""

    offer: list[str] = field(default_factory=list[str])
    listed: list[str] = field(default_factory=list[str])
    # Traits that the row of a product with a single variant must not have, beside what is listed.
    ruled_out: list[str] = field(default_factory=list[str])
    # Whether such a row is asked in place of its offer: it knows no numbers of variants, and for a least price there is
    # an index on offers alone.
    row_tells: bool = True
    # Whether more than a lowest price is asked of the offer, so that the lowest price alone does not tell.
    of_one_variant: bool = False
    stock_said: bool = False


def conditions_of(
    constraints: Sequence[Constraint],
    currency: str,
    conditions: Conditions,
    *,
    any_stock: bool = False,
    mostly_single: bool = False,
) -> None:
    """Adds to `conditions` what search.products as `p` must meet.

    Price, option, stock and sale are asked of one and the same variant; that variant must be one that can be bought,
    unless the sentence asks for what is out of stock or `any_stock` lets any do. Where most products have a single
    variant (`mostly_single`), their own rows are asked, which finds the same sooner; elsewhere it would be slower.
    """
    asked = _asked(constraints, conditions)
    conditions.texts.extend(asked.listed)
    if not asked.of_one_variant:
        return
    sellable = not asked.stock_said and not any_stock
    wanted = " AND ".join([*asked.offer, *(["o.in_stock"] if sellable else [])])
    has_offer = (
        "EXISTS (SELECT FROM search.offers o WHERE o.product_id = p.product_id "
        f"AND o.currency = {conditions.parameter(currency)} AND {wanted})"
    )
    if not (mostly_single and asked.row_tells):
        conditions.texts.append(has_offer)
        return
    alone = f"p.signs @> {conditions.parameter([ONE_VARIANT, *([IN_STOCK] if sellable else [])])}::bigint[]"
    lacks = [f"NOT {_has_any('variant', asked.ruled_out, conditions)}"] if asked.ruled_out else []
    several = f"NOT p.signs @> {conditions.parameter([ONE_VARIANT])}::bigint[]"
    conditions.texts.append(f"({' AND '.join([alone, *lacks])} OR {several} AND {has_offer})")


async def matching_variants(
    connection: Connection, product_ids: Sequence[str], constraints: Sequence[Constraint], currency: str, now: datetime
) -> dict[str, list[MatchedVariant]]:
    """For every product its active variants that meet the constraints: in stock first, then the cheapest.

    Prices are those of the instant, from the shop's tables. Empty where nothing is asked of variants.
    """
    conditions = Conditions()
    asked = _asked(constraints, conditions)
    if not asked.of_one_variant or not product_ids:
        return {}
    ids, money, at = (conditions.parameter(value) for value in (list(product_ids), currency, now))
    wanted = " AND ".join([*asked.offer, *asked.listed])
    rows = await connection.fetch(
        _VARIANTS.format(ids=ids, currency=money, now=at, wanted=wanted, most=MOST_VARIANTS_NAMED), *conditions.values
    )
    found: dict[str, list[MatchedVariant]] = {}
    for row in rows:
        variant = MatchedVariant(
            product_id=row["product_id"],
            variant_id=row["variant_id"],
            sku=row["sku"],
            options=row["option_values"],
            price_minor=row["price_minor"],
            in_stock=row["in_stock"],
        )
        found.setdefault(variant.product_id, []).append(variant)
    return found


def _asked(constraints: Sequence[Constraint], conditions: Conditions) -> _Asked:
    asked = _Asked()
    for constraint in constraints:
        match constraint:
            case PriceBound():
                _price(constraint, conditions, asked)
            case BrandIs():
                text = _has_any("facet", (f"brand:{brand}" for brand in constraint.brands), conditions)
                asked.listed.append(f"NOT {text}" if constraint.negated else text)
            case CategoryIs():
                _category(constraint, conditions, asked)
            case TraitIs():
                _trait(constraint, conditions, asked)
            case FlagIs():
                _any_of(constraint.traits, conditions, asked)
                _none_of(constraint.none_of, conditions, asked)
            case NumberBound():
                _number(constraint, conditions, asked)
            case RatingBound():
                asked.listed.append(f"p.rating >= {conditions.parameter(constraint.least)}::real")
            case AvailabilityIs():
                _availability(constraint, conditions, asked)
            case OtherThan():
                asked.listed.append(f"p.product_id <> {conditions.parameter(constraint.product_id)}")
            case _:
                assert_never(constraint)
    return asked


def _price(constraint: PriceBound, conditions: Conditions, asked: _Asked) -> None:
    if constraint.most_minor is not None:
        most = conditions.parameter(constraint.most_minor)
        asked.offer.append(f"o.price_minor <= {most}")
        # The lowest price rules most products out by an index, whatever the variant.
        asked.listed.append(f"p.price_minor <= {most}")
    if constraint.least_minor is not None:
        asked.offer.append(f"o.price_minor >= {conditions.parameter(constraint.least_minor)}")
        asked.of_one_variant, asked.row_tells = True, False


def _category(constraint: CategoryIs, conditions: Conditions, asked: _Asked) -> None:
    single = [f"category:{path}" for path in constraint.paths]
    single += [trait for trait in constraint.traits if "+" not in trait]
    joined = [trait.split("+") for trait in constraint.traits if "+" in trait]
    any_of = [_has_any("trait", single, conditions)] if single else []
    any_of += [f"p.signs @> {conditions.parameter(signs('trait', parts))}::bigint[]" for parts in joined]
    if any_of and constraint.negated:
        asked.listed += [_told(conditions), f"NOT ({' OR '.join(any_of)})"]
    elif any_of:
        asked.listed.append(f"({' OR '.join(any_of)})")
    left_out = [*(f"category:{path}" for path in constraint.not_paths), *constraint.not_traits]
    _none_of(left_out, conditions, asked)


def _trait(constraint: TraitIs, conditions: Conditions, asked: _Asked) -> None:
    of_variant = [trait for trait in constraint.traits if trait.startswith(VARIANT_TRAITS)]
    of_product = [trait for trait in constraint.traits if not trait.startswith(VARIANT_TRAITS)]
    if constraint.negated:
        _none_of([*of_product, *constraint.everywhere], conditions, asked)
        if of_variant:
            asked.offer.append(f"NOT o.traits && {conditions.parameter(of_variant)}::text[]")
            asked.ruled_out += of_variant
            asked.of_one_variant = True
        return
    if of_variant:
        asked.of_one_variant = True
        text = f"o.traits && {conditions.parameter(of_variant)}::text[]"
        by_product = [_has_any("trait", of_product, conditions)] if of_product else []
        asked.offer.append(f"({' OR '.join([text, *by_product])})")
        # What no variant has, nor the product, is ruled out by the index before any offer is looked at.
        asked.listed.append(f"({' OR '.join([_has_any('variant', of_variant, conditions), *by_product])})")
    elif of_product:
        _any_of(of_product, conditions, asked)


def _has_any(kind: Kind, texts: Iterable[str], conditions: Conditions) -> str:
    return f"p.signs && {conditions.parameter(signs(kind, texts))}::bigint[]"


def _told(conditions: Conditions) -> str:
    return f"p.signs @> {conditions.parameter([TOLD])}::bigint[]"


def _any_of(traits: Iterable[str], conditions: Conditions, asked: _Asked) -> None:
    if wanted := list(traits):
        asked.listed.append(_has_any("trait", wanted, conditions))


def _none_of(traits: Iterable[str], conditions: Conditions, asked: _Asked) -> None:
    if ruled_out := list(traits):
        asked.listed += [_told(conditions), f"NOT {_has_any('trait', ruled_out, conditions)}"]


def _availability(constraint: AvailabilityIs, conditions: Conditions, asked: _Asked) -> None:
    has = _has_any("facet", [constraint.facet], conditions)
    asked.listed.append(has if constraint.wanted else f"NOT {has}")
    asked.offer.append(f"o.{constraint.facet}" if constraint.wanted else f"NOT o.{constraint.facet}")
    asked.stock_said = asked.stock_said or constraint.facet == "in_stock"


def _number(constraint: NumberBound, conditions: Conditions, asked: _Asked) -> None:
    """The first number a product has must be in its range; numbers of variants must be those of the variant bought."""
    branches: list[str] = []
    earlier: list[str] = []
    for one in constraint.ranges:
        lacks = (
            f" AND NOT EXISTS (SELECT FROM search.numbers e WHERE e.product_id = n.product_id "
            f"AND e.name = ANY ({conditions.parameter(list(earlier))}::text[]))"
            if earlier
            else ""
        )
        branches.append(
            f"SELECT n.product_id, n.variant_id FROM search.numbers n WHERE {_in_range(one, conditions)}{lacks}"
        )
        earlier.append(one.name)
    found = " UNION ALL ".join(branches)
    if any(_may_differ(one.name) for one in constraint.ranges):
        asked.of_one_variant, asked.row_tells = True, False
        asked.offer.append(f"(o.product_id, o.variant_id) IN ({_for_variants(found)})")
    else:
        asked.listed.append(f"p.product_id IN (SELECT f.product_id FROM ({found}) AS f)")


def _may_differ(name: str) -> bool:
    return name == "weight" or name.startswith("option.")


def _for_variants(found: str) -> str:
    """The variants that numbers hold for: their own, and all of the product's where the number is the product's."""
    return (
        f"SELECT f.product_id, v.variant_id FROM ({found}) AS f JOIN search.variant_traits v "
        "ON v.product_id = f.product_id AND (f.variant_id = '' OR f.variant_id = v.variant_id)"
    )


def _in_range(one: NumberRange, conditions: Conditions) -> str:
    texts = [f"n.name = {conditions.parameter(one.name)}"]
    if one.least is not None:
        texts.append(f"n.value >= {conditions.parameter(one.least)}::float8")
    if one.most is not None:
        texts.append(f"n.value <= {conditions.parameter(one.most)}::float8")
    if one.unit is not None:
        # What the product's own text gives in another unit would be compared wrongly.
        texts.append(f"(n.unit IS NULL OR n.unit = {conditions.parameter(one.unit)})")
    return " AND ".join(texts)


_VARIANTS = """
SELECT m.* FROM (
    SELECT o.product_id, o.variant_id, v.sku, v.option_values, o.in_stock,
           shop.effective_amount(r, {now}) AS price_minor,
           row_number() OVER (PARTITION BY o.product_id
                              ORDER BY o.in_stock DESC, shop.effective_amount(r, {now}), v.position) AS place
    FROM search.products p
    JOIN search.offers o ON o.product_id = p.product_id AND o.currency = p.currency
    JOIN shop.variants v ON v.id = o.variant_id
    JOIN shop.prices r ON r.variant_id = o.variant_id AND r.currency = o.currency
    WHERE p.product_id = ANY ({ids}::text[]) AND p.currency = {currency} AND {wanted}) AS m
WHERE m.place <= {most}
ORDER BY m.product_id, m.place"""
