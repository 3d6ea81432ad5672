"""Named refusals of reviews."""

from bottega.kernel.errors import Conflict, NotFound


class NoSuchReview(NotFound):
    """No review has this id."""

    def __init__(self, review_id: str) -> None:
        super().__init__(
            "no_such_review",
            f"There is no review {review_id}.",
            next_step="See the list of reviews.",
            review_id=review_id,
        )


class NothingToReview(NotFound):
    """The product does not exist or is not shown."""

    def __init__(self, product_id: str) -> None:
        super().__init__(
            "no_such_product",
            f"There is no product {product_id}.",
            next_step="See the list of products.",
            product_id=product_id,
        )


class AlreadyReviewed(Conflict):
    """A customer reviews a product once."""

    def __init__(self, product_id: str, review_id: str) -> None:
        super().__init__(
            "already_reviewed",
            "This customer has reviewed this product already.",
            next_step="Ask staff to reject the earlier review if it was a mistake.",
            product_id=product_id,
            review_id=review_id,
        )
