"""Refusals that only an entrance makes, and the HTTP status of every refusal."""

from bottega.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Unavailable
from bottega.platform.sign_in.credentials import SignInLocked
from bottega.shop.flows.sign_in import SignInRefused

STATUS_BY_CATEGORY = {
    Invalid.category: 422,
    NotFound.category: 404,
    Conflict.category: 409,
    Forbidden.category: 403,
    Unavailable.category: 503,
}


class Unauthenticated(Forbidden):
    """Nobody said who they are; shown as 401."""


class TooManyRequests(Unavailable):
    """A rate limit; shown as 429."""


class TooLarge(Invalid):
    """The body is over the limit; shown as 413."""


class UnsupportedMediaType(Invalid):
    """The body is not of the media type that the route reads; shown as 415."""


class BadRequest(Invalid):
    """The message itself cannot be read; shown as 400."""


_STATUS_BY_KIND: dict[type[Refusal], int] = {
    Unauthenticated: 401,
    SignInRefused: 401,
    TooManyRequests: 429,
    SignInLocked: 429,
    TooLarge: 413,
    UnsupportedMediaType: 415,
    BadRequest: 400,
}


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return _STATUS_BY_KIND.get(type(refusal)) or STATUS_BY_CATEGORY[refusal.category]
