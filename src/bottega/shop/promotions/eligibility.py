"""Whether a promotion holds: its dates, limits, currency, scope and minimum."""

from datetime import datetime

from bottega.shop.promotions.errors import (
    PromotionBelowMinimum,
    PromotionEnded,
    PromotionInactive,
    PromotionNotBegun,
    PromotionOtherCurrency,
    PromotionOutOfScope,
    PromotionRefused,
    PromotionUsedByCustomer,
    PromotionUsedUp,
)
from bottega.shop.promotions.model import Promotion


def refusal_by_time(promotion: Promotion, at: datetime) -> PromotionRefused | None:
    """Why the promotion does not hold at that time, if so."""
    if not promotion.active:
        return PromotionInactive(promotion.id, promotion.name)
    if promotion.starts_at is not None and at < promotion.starts_at:
        return PromotionNotBegun(promotion.id, promotion.name, promotion.starts_at)
    if promotion.ends_at is not None and at >= promotion.ends_at:
        return PromotionEnded(promotion.id, promotion.name, promotion.ends_at)
    return None


def refusal_by_use(promotion: Promotion, used_by_customer: int) -> PromotionRefused | None:
    """Why the promotion may not be used once more, if so."""
    if promotion.limit_total is not None and promotion.used_total >= promotion.limit_total:
        return PromotionUsedUp(promotion.id, promotion.name)
    if promotion.limit_per_customer is not None and used_by_customer >= promotion.limit_per_customer:
        return PromotionUsedByCustomer(promotion.id, promotion.name, promotion.limit_per_customer)
    return None


def refusal_by_cart(
    promotion: Promotion, currency: str, subtotal_minor: int, *, covered: bool
) -> PromotionRefused | None:
    """Why the promotion does not hold for a cart whose products in its scope cost `subtotal_minor`, if so."""
    if promotion.currency is not None and promotion.currency != currency:
        return PromotionOtherCurrency(promotion.id, promotion.name, promotion.currency)
    if not covered:
        return PromotionOutOfScope(promotion.id, promotion.name)
    missing = promotion.minimum_subtotal_minor - subtotal_minor
    if missing > 0:
        return PromotionBelowMinimum(promotion.id, promotion.name, promotion.minimum_subtotal_minor, missing, currency)
    return None
