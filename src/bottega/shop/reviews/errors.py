"""The named refusals of reviews."""

from bottega.kernel.errors import Conflict, NotFound


def no_such_review(review_id: str) -> NotFound:
    return NotFound("no_such_review", f"There is no review {review_id}.", next_step="List the reviews.")


def no_such_product(product: str) -> NotFound:
    return NotFound("no_such_product", f"There is no product {product} to review.", next_step="Check its identifier.")


def reviewed_already(product_id: str) -> Conflict:
    return Conflict(
        "reviewed_already", f"You reviewed {product_id} already.", next_step="Ask the shop to take the old one down."
    )


def decided_already(review_id: str, state: str) -> Conflict:
    return Conflict("review_decided", f"Review {review_id} is {state} already.", next_step="Read it again.")
