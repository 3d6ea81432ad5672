"""Telling a database that is away for a while from an error that will not go by waiting."""

import asyncpg

# Classes of SQLSTATE (PostgreSQL manual, appendix A): 08 connection, 53 insufficient resources, 57 operator
# intervention.
_PASSING_CLASSES = ("08", "53", "57")


def is_connection_loss(error: BaseException) -> bool:
    """Whether to connect again and go on: the server is down, restarting, full, or does not answer."""
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_PASSING_CLASSES)
    # What asyncpg raises when a server that shuts down speaks in the middle of a statement; the connection is over.
    if isinstance(error, asyncpg.InternalClientError):
        return True
    # asyncpg says "connection is closed" with InterfaceError, and with its subclasses that are ValueErrors blames the
    # caller.
    return isinstance(error, OSError | TimeoutError | asyncpg.InterfaceError) and not isinstance(error, ValueError)


def is_passing_conflict(error: BaseException) -> bool:
    """Whether the same statement may succeed a moment later, because another transaction stood in its way."""
    return isinstance(
        error,
        asyncpg.DeadlockDetectedError
        | asyncpg.SerializationError
        | asyncpg.LockNotAvailableError
        | asyncpg.UniqueViolationError,
    )
