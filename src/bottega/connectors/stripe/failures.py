"""What Stripe's errors mean to the shop: a clear no, surely nothing happened, or outcome unknown."""

from collections.abc import Mapping
from typing import cast

import stripe

from bottega.connectors.stripe.mapping import Object, part
from bottega.connectors.stripe.transport import NeverSent
from bottega.kernel.errors import OutcomeUnknown, Unavailable
from bottega.ports.payment_gateway import Refused


def refusal_or_raise(error: stripe.StripeError, operation: str) -> Refused:
    """The clear no that an error is; every other error is raised as the port's exception.

    Stripe's own message is left out: it may quote what a payer typed, and refusals are written down.
    """
    match error:
        case stripe.IdempotencyError():
            return Refused("idempotency_key_reused", "This idempotency key was used for another request.")
        case stripe.CardError() | stripe.InvalidRequestError():
            code = error_body(error).get("decline_code") or error.code or "invalid_request"
            return Refused(str(code), f"Stripe refused to {operation}: {code}.")
        case stripe.RateLimitError():
            raise _unavailable(operation, "takes no more requests just now", _retry_after(error.headers)) from error
        case stripe.AuthenticationError() | stripe.PermissionError():
            raise Unavailable(
                "payment_gateway_misconfigured",
                f"Stripe does not accept our key for this request ({operation}).",
                next_step="Check the Stripe API key and its permissions.",
            ) from error
        case NeverSent():
            raise _unavailable(operation, "cannot be reached", None) from error
        case _:
            raise outcome_unknown(operation) from error


def error_body(error: stripe.StripeError) -> Object:
    """The `error` object of the answer, empty when there is none."""
    return part(cast("Object", error.json_body or {}), "error")


def outcome_unknown(operation: str) -> OutcomeUnknown:
    """Sent, and no clear answer."""
    return OutcomeUnknown(
        "payment_outcome_unknown",
        f"Stripe gave no clear answer when asked to {operation}.",
        next_step="Look the payment up before trying again.",
    )


def _unavailable(operation: str, what: str, retry_after_seconds: float | None) -> Unavailable:
    return Unavailable(
        "payment_gateway_unavailable",
        f"Stripe {what}; nothing was done ({operation}).",
        next_step="Try again later.",
        retry_after_seconds=retry_after_seconds,
    )


def _retry_after(headers: Mapping[str, str] | None) -> float | None:
    text = {name.lower(): value for name, value in (headers or {}).items()}.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
