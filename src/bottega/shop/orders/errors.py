"""The named refusals of orders."""

from bottega.kernel.errors import Conflict, NotFound


def no_such_order(order_id: str) -> NotFound:
    return NotFound("no_such_order", f"There is no order {order_id} of yours.", next_step="List your orders.")


def not_open(number: str, status: str) -> Conflict:
    return Conflict("order_not_open", f"Order {number} is {status}.", next_step="Open a ticket.", status=status)


def shipped_already(number: str) -> Conflict:
    return Conflict(
        "order_shipped", f"Order {number} is shipped.", next_step="Start a return instead once it has arrived."
    )


def illegal_transition(number: str, column: str, before: str, after: str) -> Conflict:
    return Conflict(
        "illegal_transition",
        f"Order {number} cannot go from {before} to {after}.",
        next_step="Read the order again.",
        column=column,
    )


def too_many_notes(number: str, most: int) -> Conflict:
    return Conflict(
        "too_many_notes", f"Order {number} has {most} notes, and takes no more.", next_step="Write in a ticket."
    )
