"""Records of promotions: coupons (with a code) and automatic discounts (without)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

PromotionKind = Literal["percent", "amount", "free_shipping"]


@dataclass(frozen=True, slots=True)
class Promotion:
    """A discount, what it applies to, and how often it may be used; amounts as the shopper sees prices."""

    id: str
    name: str
    code: str | None
    kind: PromotionKind
    percent: Decimal | None
    amount_minor: int | None
    currency: str | None
    minimum_subtotal_minor: int
    category_id: str | None
    collection_id: str | None
    limit_total: int | None
    limit_per_customer: int | None
    used_total: int
    combinable: bool
    active: bool
    starts_at: datetime | None
    ends_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PromotionUse:
    """One order that used a promotion, and what it took off."""

    promotion_id: str
    order_id: str
    customer_id: str
    discount_minor: int
    used_at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion as it meets one cart: the products of the cart in its scope, and this customer's uses so far."""

    promotion: Promotion
    product_ids: frozenset[str] | None
    used_by_customer: int

    def covers(self, product_id: str) -> bool:
        """Whether the promotion is for this product; without a scope it is for all."""
        return self.product_ids is None or product_id in self.product_ids
