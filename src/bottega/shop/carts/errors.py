"""The named refusals of carts."""

from bottega.kernel.errors import Conflict, Invalid, NotFound


def no_such_cart(cart_id: str) -> NotFound:
    return NotFound("no_such_cart", f"There is no cart {cart_id} of yours.", next_step="Create one at POST /api/carts.")


def cart_closed(cart_id: str, state: str) -> Conflict:
    return Conflict("cart_closed", f"Cart {cart_id} is {state}.", next_step="Create a new cart.", state=state)


def no_such_line(line_id: str) -> NotFound:
    return NotFound("no_such_line", f"There is no line {line_id} in this cart.", next_step="Read the cart again.")


def not_for_sale(variant_id: str) -> Conflict:
    return Conflict(
        "not_for_sale",
        f"{variant_id} is not for sale in this cart's currency.",
        next_step="Choose a published variant with a price.",
        variant_id=variant_id,
    )


def too_many_lines(limit: int) -> Invalid:
    return Invalid("too_many_lines", f"A cart has at most {limit} lines.", next_step="Order in two carts.")
