"""What promotions take off a cart: per line by the largest remainder, never below zero, never more than the line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bottega.kernel.money import allocate, round_minor
from bottega.shop.promotions.eligibility import refusal_by_cart, refusal_by_time, refusal_by_use
from bottega.shop.promotions.errors import NothingToTakeOff, PromotionNotCombined, PromotionRefused
from bottega.shop.promotions.model import Offer


@dataclass(frozen=True, slots=True)
class DiscountableLine:
    """A line of a cart: its product, and quantity × unit price as the shopper sees it."""

    product_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What one promotion takes off in all, shipping included."""

    promotion_id: str
    discount_minor: int


@dataclass(frozen=True, slots=True)
class Discounts:
    """The discount of each line (in the order of the lines) and of shipping, as the shopper sees prices.

    `taken` is ordered by promotion id, the order in which their rows are locked; `refusals` says, by promotion id,
    why an offer takes nothing off.
    """

    line_discounts_minor: tuple[int, ...]
    shipping_discount_minor: int
    taken: tuple[Taken, ...]
    refusals: Mapping[str, PromotionRefused] = field(default_factory=dict[str, PromotionRefused])

    @property
    def total_minor(self) -> int:
        return sum(self.line_discounts_minor) + self.shipping_discount_minor


def discount(
    offers: Sequence[Offer],
    lines: Sequence[DiscountableLine],
    shipping_minor: int | None,
    currency: str,
    at: datetime,
) -> Discounts:
    """The best that the offers give: all combinable ones together, or one of the others alone.

    Percentages come first (the largest first, each of what the ones before left), then amounts, then free shipping.
    `shipping_minor` is None while no shipping method is chosen: free shipping then takes off nothing, unrefused.
    """
    refusals = {offer.promotion.id: _refusal(offer, lines, currency, at) for offer in offers}
    holding = [offer for offer in offers if refusals[offer.promotion.id] is None]
    sets = [[offer for offer in holding if offer.promotion.combinable]]
    sets += [[offer] for offer in holding if not offer.promotion.combinable]
    # The first of equals wins, so that the combination is preferred.
    applied = [(_apply(chosen, lines, shipping_minor or 0), chosen) for chosen in sets]
    best, chosen = max(applied, key=lambda found: found[0].total_minor)
    used = {taken.promotion_id for taken in best.taken}
    for promotion in (offer.promotion for offer in holding):
        if promotion.id in used or (promotion.kind == "free_shipping" and shipping_minor is None):
            continue
        among_chosen = any(offer.promotion.id == promotion.id for offer in chosen)
        reason = NothingToTakeOff if among_chosen else PromotionNotCombined
        refusals[promotion.id] = reason(promotion.id, promotion.name)
    stated = {promotion_id: refusal for promotion_id, refusal in refusals.items() if refusal is not None}
    return Discounts(best.line_discounts_minor, best.shipping_discount_minor, best.taken, stated)


def _refusal(offer: Offer, lines: Sequence[DiscountableLine], currency: str, at: datetime) -> PromotionRefused | None:
    covered = [line.amount_minor for line in lines if offer.covers(line.product_id)]
    return (
        refusal_by_time(offer.promotion, at)
        or refusal_by_use(offer.promotion, offer.used_by_customer)
        or refusal_by_cart(offer.promotion, currency, sum(covered), covered=bool(covered))
    )


def _apply(offers: Sequence[Offer], lines: Sequence[DiscountableLine], shipping_minor: int) -> Discounts:
    """All of these offers, one after the other."""
    left = [line.amount_minor for line in lines]
    shipping_left = shipping_minor
    taken: list[Taken] = []
    for offer in sorted(offers, key=_turn):
        if offer.promotion.kind == "free_shipping":
            took, shipping_left = shipping_left, 0
        else:
            weights = [amount if offer.covers(line.product_id) else 0 for line, amount in zip(lines, left, strict=True)]
            took = _goods_discount(offer, sum(weights))
            if took:
                parts = allocate(took, weights)
                left = [amount - part for amount, part in zip(left, parts, strict=True)]
        if took:
            taken.append(Taken(offer.promotion.id, took))
    return Discounts(
        tuple(line.amount_minor - amount for line, amount in zip(lines, left, strict=True)),
        shipping_minor - shipping_left,
        tuple(sorted(taken, key=lambda part: part.promotion_id)),
    )


def _turn(offer: Offer) -> tuple[int, Decimal, str]:
    order = {"percent": 0, "amount": 1, "free_shipping": 2}[offer.promotion.kind]
    return order, -(offer.promotion.percent or Decimal(0)), offer.promotion.id


def _goods_discount(offer: Offer, left_minor: int) -> int:
    promotion = offer.promotion
    if promotion.kind == "percent":
        assert promotion.percent is not None, "a percent promotion has its percent"
        return round_minor(left_minor * promotion.percent / 100)
    assert promotion.amount_minor is not None, "an amount promotion has its amount"
    return min(promotion.amount_minor, left_minor)
