"""Applying a coupon that holds: one that takes nothing off is refused, and the cart stays as it was."""

from typing import Any, ClassVar

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict
from bottega.kernel.identifiers import CartId
from bottega.shop import shop_settings
from bottega.shop.carts.actions import CouponCode, SetCoupon, cart_facts, open_cart, set_coupon
from bottega.shop.flows.checkout_lines import Destination, lines_of_cart, reckon


class ApplyCoupon(Action):
    """Puts a coupon on a cart, if it is valid for it now."""

    groups: ClassVar[tuple[str, ...]] = ("own", "carts", "light")
    cart_id: CartId
    coupon_code: CouponCode


@handles(ApplyCoupon, facts=cart_facts)
async def apply_coupon(action: ApplyCoupon, work: Work) -> dict[str, Any]:
    """Reckon the cart with it; what the coupon's own rules refuse is refused in their words."""
    cart = open_cart(work)
    settings = await shop_settings.current(work.connection)
    lines = await lines_of_cart(work.connection, cart["id"], cart["currency"], work.now)
    if not lines:
        raise Conflict("cart_empty", "The cart is empty.", next_step="Add something first.")
    code = action.coupon_code.upper()
    to = Destination(
        cart["customer_id"],
        cart["country"] or settings.country,
        cart["currency"],
        cart["shipping_method_id"],
        code,
    )
    reckoning = await reckon(work.connection, lines, to, settings, work.now, coupon_must_hold=True)
    # Before shipping is chosen, a coupon for it has nothing to take off yet.
    if reckoning.coupon_refused is not None and cart["shipping_method_id"] is not None:
        raise Conflict("coupon_without_effect", reckoning.coupon_refused, next_step="The cart stays as it is.")
    return await set_coupon(SetCoupon(cart_id=cart["id"], coupon_code=code), work)
