"""What the router may go on without: a database that does not answer just now."""

from collections.abc import Generator
from contextlib import contextmanager

import structlog

from bottega.platform.database.connection_loss import is_connection_loss, is_passing_conflict

log = structlog.get_logger(__name__)


def is_away(error: BaseException) -> bool:
    """Whether the database is away, or another transaction stands in the way: nothing that is anybody's mistake."""
    return is_connection_loss(error) or is_passing_conflict(error)


@contextmanager
def going_on_without(event: str, **details: object) -> Generator[None]:
    """Leaves the rest of the block out, and says so in the log, while the database is away."""
    try:
        yield
    except Exception as error:
        if not is_away(error):
            raise
        log.warning(event, error=type(error).__name__, **details)
