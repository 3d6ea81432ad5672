"""The named refusals of returns."""

from bottega.kernel.errors import Conflict, Invalid, NotFound


def no_such_return(return_id: str) -> NotFound:
    return NotFound("no_such_return", f"There is no return {return_id} of yours.", next_step="List your returns.")


def not_delivered(number: str) -> Conflict:
    return Conflict(
        "not_delivered", f"Nothing of order {number} has arrived yet.", next_step="Wait for it, or cancel the order."
    )


def no_such_line(number: str, line_id: str) -> NotFound:
    return NotFound("no_such_line", f"Order {number} has no line {line_id}.", next_step="Read the order.")


def line_twice() -> Invalid:
    return Invalid("line_twice", "A line is named twice.", next_step="Name each line once.")


def more_than_returnable(line_id: str, returnable: int) -> Conflict:
    return Conflict(
        "more_than_returnable",
        f"Line {line_id} has {returnable} left that can be returned.",
        next_step="Return no more than that.",
        returnable=returnable,
    )


def not_returnable(title: str) -> Conflict:
    return Conflict(
        "not_returnable", f"{title} cannot be returned.", next_step="If it is faulty, open a ticket.", title=title
    )


def other_product(title: str) -> Conflict:
    return Conflict(
        "other_product",
        f"{title} can be exchanged for another variant of the same product.",
        next_step="For a different product, return it and place a new order.",
    )


def wrong_state(number: str, state: str, wanted: str) -> Conflict:
    return Conflict(
        "return_state",
        f"Return {number} is {state}, and cannot become {wanted}.",
        next_step="Read it again.",
        state=state,
    )


def exchange_incomplete(number: str) -> Conflict:
    return Conflict(
        "exchange_incomplete",
        f"Not everything that {number} exchanges has arrived.",
        next_step="Wait for the rest, or cancel the exchange and take back what came as a return.",
    )


def more_than_announced(return_line_id: str, quantity: int) -> Invalid:
    return Invalid(
        "more_than_announced",
        f"Return line {return_line_id} is of {quantity} units.",
        next_step="Count again; ask for another return for what is beyond it.",
        quantity=quantity,
    )


def more_than_owed(owed_minor: int) -> Invalid:
    return Invalid(
        "more_than_owed",
        f"What came back was paid with {owed_minor}.",
        next_step="Refund no more, or refund the order for another reason.",
        owed_minor=owed_minor,
    )


def replacement_unpaid(number: str) -> Conflict:
    return Conflict(
        "replacement_unpaid",
        f"The price difference of order {number} is not paid.",
        next_step="Pay that order first.",
        number=number,
    )
