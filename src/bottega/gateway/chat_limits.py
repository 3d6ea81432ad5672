"""How much may be said, and how many may listen."""

from bottega.entrance.context import ServingContext
from bottega.entrance.refusals import TooManyRequests

LONGEST_WAIT_SECONDS = 60.0
# A JSON frame around the longest message, escapes included.
LARGEST_FRAME_CHARACTERS = 64_000
FIRST_FRAME_SECONDS = 10.0
IDLE_SECONDS = 1_800.0


def count_message(context: ServingContext, session: str) -> None:
    """Counts a message against the conversation's own limit; raises `TooManyRequests`."""
    context.rate_limits.count_chat_message(session)


def too_many_connections() -> TooManyRequests:
    return TooManyRequests(
        "too_many_connections",
        "Too many connections are open to this conversation.",
        next_step="Close another one.",
        retry_after_seconds=30,
    )
