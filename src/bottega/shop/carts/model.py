"""What a cart is, as the API, tools and pages show it."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from bottega.kernel.address import Address

CartState = Literal["open", "ordered", "merged", "expired"]


class CartLine(BaseModel):
    """One variant in a cart, at its present price."""

    model_config = ConfigDict(frozen=True)

    id: str
    variant_id: str
    product_id: str
    sku: str
    title: str
    option_values: dict[str, Any]
    quantity: int
    unit_price_minor: int | None
    available: int


class Cart(BaseModel):
    """A cart with its lines; `subtotal_minor` is at present prices, as shown to the shopper."""

    model_config = ConfigDict(frozen=True)

    id: str
    customer_id: str
    state: CartState
    currency: str
    email: str | None
    shipping_address: Address | None
    country: str | None
    shipping_method_id: str | None
    coupon_code: str | None
    channel: str
    version: int
    lines: list[CartLine]
    subtotal_minor: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
