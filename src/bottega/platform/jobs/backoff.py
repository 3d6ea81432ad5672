"""How long to wait before a job is tried again."""

import random

LONGEST_DELAY_SECONDS = 600.0
LONGEST_RETRY_AFTER_SECONDS = 86_400.0
RETRY_AFTER_JITTER = 0.1


def retry_delay_seconds(
    attempt: int, first_retry_seconds: float, retry_after_seconds: float | None, randomness: random.Random
) -> float:
    """Seconds until the attempt after `attempt` (counted from 1).

    The delay doubles with each attempt up to ten minutes, and a random half of it is taken off, so that jobs which
    failed together do not come back together ("equal jitter", M. Brooker, "Exponential Backoff And Jitter"). What a
    vendor asked for in `Retry-After` is a floor: jitter only ever adds to it. A vendor who asks for more than a day
    is asked again after a day.
    """
    longest = min(first_retry_seconds * 2.0 ** min(attempt - 1, 62), LONGEST_DELAY_SECONDS)
    delay = longest / 2 + randomness.uniform(0.0, longest / 2)
    if retry_after_seconds is None or retry_after_seconds <= 0:
        return delay
    asked = min(retry_after_seconds, LONGEST_RETRY_AFTER_SECONDS)
    return max(delay, asked * (1 + randomness.uniform(0.0, RETRY_AFTER_JITTER)))
