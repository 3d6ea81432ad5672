"""What vendors' packages raise, told in the port's three failures; a vendor's own words never travel on."""

from typing import Any

from pydantic_ai.exceptions import (
    ContentFilterError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelServerError,
    ModelTimeoutError,
    ModelUnavailableError,
    UserError,
)

from bottega.connectors.models.wire import ReplyTooLarge, Wire
from bottega.kernel.errors import Refusal, Unavailable
from bottega.ports import chat_model as port

CLOCKED_OUT_STATUSES = (408, 504)
RETRIABLE_STATUSES = (409, 425)


def too_large(name: str, wire: Wire) -> port.ReplyLost:
    """Reading was stopped."""
    limit = wire.limits.reply_bytes
    return port.ReplyLost(port.TOO_LARGE, f"The model '{name}' answered more than {limit} bytes.")


def timed_out(name: str, wire: Wire, seconds: float) -> Refusal:
    """The call's own time ran out; before the request went out nothing can have been used."""
    if not wire.sent:
        return Unavailable(port.UNREACHABLE, f"The model '{name}' was not reached within {seconds:g} seconds.")
    return port.ReplyLost(port.TIMED_OUT, f"The model '{name}' did not answer within {seconds:g} seconds.")


def unreadable(name: str, error: BaseException) -> port.ReplyLost:
    """The answer is not in the vendor's own format."""
    return port.ReplyLost(
        port.UNREADABLE, f"The answer of the model '{name}' cannot be read.", error=type(error).__name__
    )


def as_failure(error: Exception, name: str, wire: Wire) -> Refusal:
    """The failure that an exception of a vendor's package stands for."""
    if wire.too_large or isinstance(error, ReplyTooLarge):
        return too_large(name, wire)
    if 300 <= wire.status < 400:
        return _sends_elsewhere(name, wire.status)
    match error:
        case Refusal():
            return error
        case ContentFilterError():
            return _filtered(name)
        case ModelAPIError(in_stream=True):
            return _broken_off(error, name)
        case ModelConnectionError():
            return _disconnected(error, name)
        case ModelAPIError():
            return _answered_with_an_error(error, name)
        case UserError():
            return port.RequestRefused(port.NOT_ACCEPTED, f"The model '{name}' cannot do what the request asks for.")
        case _ if not wire.sent:
            # Before anything went out: credentials or an address that the vendor's package does not take.
            return Unavailable(
                port.NOT_PERMITTED,
                f"The request to the model '{name}' could not be made.",
                next_step="Check its key, address and region.",
                error=type(error).__name__,
            )
        case _:
            return unreadable(name, error)


def _filtered(name: str, **details: Any) -> port.RequestRefused:
    return port.RequestRefused(port.CONTENT_FILTERED, f"The filter of the model '{name}' stopped this.", **details)


def _sends_elsewhere(name: str, status: int) -> Unavailable:
    return Unavailable(
        port.UNREACHABLE,
        f"The server of the model '{name}' sends elsewhere.",
        next_step="Set the address that it redirects to.",
        status=status,
    )


def _broken_off(error: ModelAPIError, name: str) -> Refusal:
    message = f"The model '{name}' broke off while it answered."
    return port.ReplyLost(port.CUT_OFF, message, **_details(error))


def _disconnected(error: ModelConnectionError, name: str) -> Refusal:
    if error.phase in ("pool", "connect", "write"):
        return Unavailable(port.UNREACHABLE, f"The model '{name}' is not reachable.", **_details(error))
    if isinstance(error, ModelTimeoutError):
        return port.ReplyLost(port.TIMED_OUT, f"The model '{name}' did not answer in time.", **_details(error))
    return port.ReplyLost(port.CUT_OFF, f"The connection to the model '{name}' broke.", **_details(error))


def _answered_with_an_error(error: ModelAPIError, name: str) -> Refusal:
    details = _details(error)
    status = error.status_code if isinstance(error, ModelHTTPError) else 0
    match error:
        case _ if error.provider_error_code in ("content_filter", "content_policy_violation"):
            return _filtered(name, **details)
        case ModelQuotaExceededError():
            return Unavailable(
                port.QUOTA_EXHAUSTED,
                f"The account of the model '{name}' has used its quota up.",
                next_step="Raise the quota or the prepaid balance at the vendor.",
                retry_after_seconds=error.retry_after,
                **details,
            )
        case ModelRateLimitError() | ModelHTTPError(status_code=429):
            return Unavailable(
                port.RATE_LIMITED,
                f"The model '{name}' takes no more requests just now.",
                retry_after_seconds=error.retry_after,
                **details,
            )
        case ModelContextWindowExceededError() | ModelHTTPError(status_code=413):
            return port.RequestRefused(
                port.TOO_LONG, f"The request is longer than the model '{name}' takes.", **details
            )
        case ModelAuthenticationError():
            return Unavailable(
                port.NOT_PERMITTED,
                f"The model '{name}' refuses the key.",
                next_step="Check the key and what it may use.",
                **details,
            )
        case ModelNotFoundError():
            return Unavailable(
                port.NO_SUCH_MODEL,
                f"The server of the model '{name}' does not know it.",
                next_step="Check the model's name and address.",
                **details,
            )
        case _ if status in CLOCKED_OUT_STATUSES:
            return port.ReplyLost(port.TIMED_OUT, f"The server of the model '{name}' ran out of time.", **details)
        case _ if status >= 500 or status in RETRIABLE_STATUSES or _is_down(error):
            return Unavailable(
                port.OVERLOADED,
                f"The model '{name}' cannot answer just now.",
                retry_after_seconds=error.retry_after,
                **details,
            )
        case _ if status >= 400 or isinstance(error, ModelRequestRejectedError):
            return port.RequestRefused(port.NOT_ACCEPTED, f"The model '{name}' does not take the request.", **details)
        case _:
            return unreadable(name, error)


def _is_down(error: ModelAPIError) -> bool:
    return isinstance(error, ModelServerError | ModelUnavailableError)


def _details(error: ModelAPIError) -> dict[str, Any]:
    """What can be told without quoting the vendor, whose messages may repeat parts of the request."""
    status = getattr(error, "status_code", None)
    code = error.provider_error_code or error.provider_error_type
    return {
        **({} if status is None else {"status": status}),
        **({} if code is None else {"vendor_code": code[:100]}),
    }
