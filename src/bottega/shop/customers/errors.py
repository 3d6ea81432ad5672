"""The named refusals of customers."""

from bottega.kernel.errors import Conflict, Invalid, NotFound


def no_such_customer(customer_id: str) -> NotFound:
    return NotFound(
        "no_such_customer",
        f"There is no customer {customer_id} for you.",
        next_step="Register at POST /api/customers, or check the id.",
    )


def email_taken() -> Conflict:
    return Conflict(
        "email_taken",
        "This e-mail address belongs to an account already.",
        next_step="Sign in, or ask for a one-time code at POST /api/sign-in/codes.",
    )


def already_registered(customer_id: str) -> Conflict:
    return Conflict("already_registered", f"{customer_id} has an account already.", next_step="Sign in.")


def customer_forgotten(customer_id: str) -> Conflict:
    return Conflict("customer_forgotten", f"Customer {customer_id} was forgotten.", next_step="Register anew.")


def no_account(customer_id: str) -> Conflict:
    return Conflict(
        "no_account", f"{customer_id} is a guest and has no account.", next_step="Register at POST /api/customers."
    )


def no_such_address(address_id: str) -> NotFound:
    return NotFound(
        "no_such_address", f"There is no address {address_id} of this customer.", next_step="List the addresses."
    )


def too_many_addresses(limit: int) -> Invalid:
    return Invalid("too_many_addresses", f"A customer has at most {limit} addresses.", next_step="Remove one first.")


def no_such_instrument(instrument_id: str) -> NotFound:
    return NotFound(
        "no_such_instrument",
        f"There is no stored instrument {instrument_id} of this customer.",
        next_step="List the instruments.",
    )


def too_many_instruments(limit: int) -> Invalid:
    return Invalid(
        "too_many_instruments", f"A customer has at most {limit} instruments.", next_step="Remove one first."
    )


def looks_like_a_card_number() -> Invalid:
    return Invalid(
        "card_number",
        "This looks like a card number; the shop never takes one.",
        next_step="Give the number to the payment gateway and send the token that it answers with.",
    )
