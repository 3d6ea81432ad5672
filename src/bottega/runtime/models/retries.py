"""Whether a failed route is tried again, and after how long."""

import random
from collections.abc import Callable

from bottega.kernel.errors import Refusal, Unavailable
from bottega.ports import chat_model as port

# Failures that another try may not meet. A call that timed out has used its time, and refusals would be repeated.
AGAIN = frozenset(
    {
        port.UNREACHABLE,
        port.RATE_LIMITED,
        port.OVERLOADED,
        port.CUT_OFF,
        port.UNREADABLE,
        port.BAD_TOOL_CALL,
        port.BAD_STRUCTURE,
        port.EMPTY,
    }
)
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 3.0
# Of the time that is left, waiting may take so much: the answer needs the rest.
LARGEST_SHARE = 0.3


def pause_before_retry(
    failure: Refusal, tries_done: int, seconds_left: float, *, jitter: Callable[[], float] = random.random
) -> float | None:
    """Seconds to wait before the same route is tried again; None when the next rung is the better choice.

    Doubles from try to try, spread between half and whole so that callers do not come back together; never sooner than
    the vendor's Retry-After.
    """
    if failure.code not in AGAIN:
        return None
    pause = FIRST_PAUSE_SECONDS * 2 ** (tries_done - 1) * (0.5 + jitter() / 2)
    if isinstance(failure, Unavailable) and failure.retry_after_seconds is not None:
        pause = max(pause, failure.retry_after_seconds)
    return pause if pause <= min(LONGEST_PAUSE_SECONDS, seconds_left * LARGEST_SHARE) else None
