"""Named refusals of prices."""

from bottega.kernel.errors import Conflict, Invalid, NotFound


class NoSuchVariant(NotFound):
    """No variant has this id."""

    def __init__(self, variant_id: str) -> None:
        super().__init__(
            "no_such_variant",
            f"There is no variant {variant_id}.",
            next_step="See the product's variants.",
            variant_id=variant_id,
        )


class NoSuchPrice(NotFound):
    """The variant has no price in this currency."""

    def __init__(self, variant_id: str, currency: str) -> None:
        super().__init__(
            "no_such_price",
            f"Variant {variant_id} has no price in {currency}.",
            next_step="Set a price in that currency first.",
            variant_id=variant_id,
            currency=currency,
        )


class PriceChanged(Conflict):
    """The price is no longer the one the caller saw."""

    def __init__(self, variant_id: str, expected_minor: int, present_minor: int) -> None:
        super().__init__(
            "price_changed",
            f"The price of {variant_id} is {present_minor} by now, not {expected_minor}.",
            next_step="Look at the present price and decide again.",
            variant_id=variant_id,
            present_minor=present_minor,
        )


class SaleNotBelowPrice(Invalid):
    """A sale price has to be below the ordinary price."""

    def __init__(self, sale_minor: int, amount_minor: int) -> None:
        super().__init__(
            "sale_not_below_price",
            f"The sale price {sale_minor} is not below the ordinary price {amount_minor}.",
            next_step="Give a lower sale price, or end the sale first.",
            amount_minor=amount_minor,
        )
