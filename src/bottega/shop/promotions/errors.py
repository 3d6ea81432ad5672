"""The named refusals of promotions."""

from datetime import datetime

from bottega.kernel.errors import Conflict, NotFound
from bottega.kernel.money import format_amount


class NoSuchPromotion(NotFound):
    """There is no promotion of that identifier."""

    def __init__(self, promotion_id: str) -> None:
        super().__init__(
            "no_such_promotion",
            f"There is no promotion {promotion_id}.",
            next_step="See the list of promotions.",
            promotion_id=promotion_id,
        )


class CodeTaken(Conflict):
    """Another promotion has that code."""

    def __init__(self, code: str) -> None:
        super().__init__(
            "code_taken", f"There is a coupon '{code}' already.", next_step="Choose another code.", coupon_code=code
        )


class LimitBelowUses(Conflict):
    """A limit cannot be set below what was used already."""

    def __init__(self, promotion_id: str, used_total: int) -> None:
        super().__init__(
            "limit_below_uses",
            f"Promotion {promotion_id} was used {used_total} times already.",
            next_step=f"Set a limit of at least {used_total}, or deactivate it.",
            promotion_id=promotion_id,
            used_total=used_total,
        )


class PromotionRefused(Conflict):
    """Base of the reasons why a promotion does not hold for a cart or an order."""

    def __init__(self, code: str, promotion_id: str, message: str, next_step: str) -> None:
        super().__init__(code, message, next_step=next_step, promotion_id=promotion_id)


class PromotionInactive(PromotionRefused):
    """The promotion was switched off."""

    def __init__(self, promotion_id: str, name: str) -> None:
        super().__init__("promotion_inactive", promotion_id, f"{name} is not offered any more.", "Go on without it.")


class PromotionNotBegun(PromotionRefused):
    """The promotion holds later."""

    def __init__(self, promotion_id: str, name: str, starts_at: datetime) -> None:
        super().__init__(
            "promotion_not_begun", promotion_id, f"{name} begins on {starts_at:%Y-%m-%d}.", "Use it from then on."
        )


class PromotionEnded(PromotionRefused):
    """The promotion is over."""

    def __init__(self, promotion_id: str, name: str, ends_at: datetime) -> None:
        super().__init__("promotion_ended", promotion_id, f"{name} ended on {ends_at:%Y-%m-%d}.", "Go on without it.")


class PromotionUsedUp(PromotionRefused):
    """The promotion was used as often as it may be in total."""

    def __init__(self, promotion_id: str, name: str) -> None:
        super().__init__("promotion_used_up", promotion_id, f"{name} is used up.", "Go on without it.")


class PromotionUsedByCustomer(PromotionRefused):
    """This customer used the promotion as often as one customer may."""

    def __init__(self, promotion_id: str, name: str, limit: int) -> None:
        times = "once" if limit == 1 else f"{limit} times"
        super().__init__(
            "promotion_used_by_customer",
            promotion_id,
            f"{name} can be used {times} by each customer, and was.",
            "Go on without it.",
        )


class PromotionOutOfScope(PromotionRefused):
    """Nothing in the cart is what the promotion is for."""

    def __init__(self, promotion_id: str, name: str) -> None:
        super().__init__(
            "promotion_out_of_scope",
            promotion_id,
            f"{name} is for other products than those in the cart.",
            "Add a product that it is for, or go on without it.",
        )


class PromotionBelowMinimum(PromotionRefused):
    """The products that the promotion is for do not reach its minimum."""

    def __init__(self, promotion_id: str, name: str, minimum_minor: int, missing_minor: int, currency: str) -> None:
        super().__init__(
            "promotion_below_minimum",
            promotion_id,
            f"{name} holds from {format_amount(minimum_minor, currency)} {currency} on.",
            f"Add products for {format_amount(missing_minor, currency)} {currency} more, or go on without it.",
        )


class PromotionOtherCurrency(PromotionRefused):
    """The promotion is in another currency than the cart."""

    def __init__(self, promotion_id: str, name: str, currency: str) -> None:
        super().__init__(
            "promotion_other_currency", promotion_id, f"{name} holds in {currency} only.", f"Shop in {currency}."
        )


class PromotionNotCombined(PromotionRefused):
    """Another discount is worth more, and the two are not combined."""

    def __init__(self, promotion_id: str, name: str) -> None:
        super().__init__(
            "promotion_not_combined",
            promotion_id,
            f"{name} is not combined with the other discounts, which are worth as much or more.",
            "Nothing needs to be done.",
        )


class NothingToTakeOff(PromotionRefused):
    """The promotion holds, but there is nothing left that it could take off."""

    def __init__(self, promotion_id: str, name: str) -> None:
        super().__init__(
            "nothing_to_take_off", promotion_id, f"{name} takes nothing off this cart.", "Keep it for another order."
        )
