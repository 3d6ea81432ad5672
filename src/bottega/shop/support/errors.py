"""The named refusals of support."""

from bottega.kernel.errors import Conflict, Forbidden, NotFound


def no_such_ticket(ticket_id: str) -> NotFound:
    return NotFound("no_such_ticket", f"There is no ticket {ticket_id} of yours.", next_step="List your tickets.")


def no_such_order(order_id: str) -> NotFound:
    return NotFound("no_such_order", f"There is no order {order_id} of this customer.", next_step="List the orders.")


def no_such_customer(customer_id: str) -> NotFound:
    return NotFound("no_such_customer", f"There is no customer {customer_id}.", next_step="Search for the customer.")


def no_such_colleague(staff_id: str) -> NotFound:
    return NotFound("no_such_staff", f"Nobody on the staff is {staff_id}.", next_step="List the staff.")


def ticket_closed(number: str) -> Conflict:
    return Conflict("ticket_closed", f"Ticket {number} is closed.", next_step="Open a new ticket.")


def wrong_status(number: str, before: str, after: str) -> Conflict:
    return Conflict(
        "ticket_status", f"Ticket {number} is {before}, and cannot become {after}.", next_step="Read it again."
    )


def staff_only(what: str) -> Forbidden:
    return Forbidden("staff_only", f"{what} is for the staff.", next_step="Write it as a message.")


def too_many_messages(number: str, most: int) -> Conflict:
    return Conflict(
        "too_many_messages", f"Ticket {number} has {most} messages, and takes no more.", next_step="Open a new ticket."
    )
