"""How many requests one address or session may make, counted per web process."""

import hashlib
import math
import time

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from bottega.entrance.refusals import TooManyRequests
from bottega.entrance.window_counts import WindowCounts

# Costly or guessable requests get a part of `requests_per_minute`, per address.
_PARTS: dict[tuple[str, str], float] = {
    ("POST", "/api/guests"): 1 / 10,
    ("POST", "/api/search/clicks"): 1 / 4,
    ("POST", "/api/customers"): 1 / 30,
    ("POST", "/api/sign-in"): 1 / 30,
    ("POST", "/api/sign-in/codes"): 1 / 60,
    ("POST", "/api/sign-in/password-resets"): 1 / 60,
    ("PUT", "/api/sign-in/password"): 1 / 60,
    ("POST", "/register"): 1 / 30,
    ("POST", "/sign-in"): 1 / 30,
    ("POST", "/sign-in/code"): 1 / 30,
    ("POST", "/sign-in/codes"): 1 / 60,
    ("POST", "/password-reset"): 1 / 60,
    ("POST", "/password-reset/choice"): 1 / 60,
    ("POST", "/order-status"): 1 / 60,
    ("POST", "/console/sign-in"): 1 / 30,
    ("POST", "/console/sign-in/code"): 1 / 30,
    ("POST", "/console/sign-in/codes"): 1 / 60,
    ("POST", "/console/password-reset"): 1 / 60,
    ("POST", "/console/password-reset/choice"): 1 / 60,
}
_REFUSED_TOKENS_PART = 1 / 10
CODES_PER_HOUR = 6
_CHAT_PART = 1 / 20


class RateLimits:
    """The counters of one web process."""

    def __init__(self, requests_per_minute: int) -> None:
        self._limiter = FixedWindowRateLimiter(WindowCounts())
        self._all = RateLimitItemPerMinute(requests_per_minute)
        self._refused = RateLimitItemPerMinute(_part(requests_per_minute, _REFUSED_TOKENS_PART))
        self._routes = {
            route: RateLimitItemPerMinute(_part(requests_per_minute, part)) for route, part in _PARTS.items()
        }
        self._codes = RateLimitItemPerHour(CODES_PER_HOUR)
        self._messages = RateLimitItemPerMinute(_part(requests_per_minute, _CHAT_PART))

    def count_request(self, method: str, path: str, address: str, token: str | None) -> None:
        """Counts a request before it is served; raises `TooManyRequests`.

        Whoever shows a token is counted by it, so that people behind one address do not starve each other; tokens
        that turn out to be no good are counted by address, so that inventing them gains nothing.
        """
        if token is None:
            self._hit(self._all, "address", address)
        else:
            if not self._limiter.test(self._refused, "refused", address):
                raise self._too_many(self._refused, "refused", address)
            self._hit(self._all, "token", hashlib.blake2b(token.encode(), digest_size=12).hexdigest())
        strict = self._routes.get((method, path))
        if strict is not None:
            self._hit(strict, f"{method} {path}", address)

    def count_refused_token(self, address: str) -> None:
        """Counts a token that stood for nobody."""
        self._limiter.hit(self._refused, "refused", address)

    def count_code(self, purpose: str, digest: bytes) -> None:
        """Counts a code asked for by mail, by the digest of the address, whether anybody has it or not."""
        self._hit(self._codes, f"code {purpose}", digest.hex())

    def count_chat_message(self, session: str) -> None:
        """Counts a message of a conversation: each may ask a model."""
        self._hit(self._messages, "chat", hashlib.blake2b(session.encode(), digest_size=12).hexdigest())

    def _hit(self, item: RateLimitItem, bucket: str, key: str) -> None:
        if not self._limiter.hit(item, bucket, key):
            raise self._too_many(item, bucket, key)

    def _too_many(self, item: RateLimitItem, bucket: str, key: str) -> TooManyRequests:
        resets_at = self._limiter.get_window_stats(item, bucket, key).reset_time
        return TooManyRequests(
            "too_many_requests",
            f"At most {item.amount} such requests are served per {item.GRANULARITY.name}.",
            next_step="Wait as long as Retry-After says.",
            retry_after_seconds=max(1.0, math.ceil(resets_at - time.time())),
        )


def _part(requests_per_minute: int, part: float) -> int:
    return max(1, round(requests_per_minute * part))
