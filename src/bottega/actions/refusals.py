"""What the database says against an action, in the shop's words and without the values it quotes."""

import asyncpg

from bottega.kernel.errors import Conflict, Invalid, OutcomeUnknown, Refusal, Unavailable

# Of these, one says that a key was used by somebody faster; the answer is theirs, not a refusal.
KEY_CONSTRAINTS = ("entries_idempotency_key", "approvals_idempotency_key")
EFFECT_KEY_CONSTRAINT = "effects_key_key"
BUSY_SECONDS = 2.0


def refusal_of(error: Exception) -> Refusal | None:
    """The refusal that an error of the database stands for; None when it is a bug of ours.

    What the shop's tables refuse is the caller's to correct. What the log's, the vault's or the platform's own
    tables refuse, or a value of a type that no caller can have sent, shows a mistake in a handler.
    """
    if isinstance(error, Refusal):
        return error
    if isinstance(error, asyncpg.DataError):
        return None if _is_of_wrong_type(error) else refusal_of_database(error)
    if not isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return None
    if error.constraint_name == EFFECT_KEY_CONSTRAINT:
        return Conflict("effect_already_intended", "This was set in motion already.", next_step="Look at its outcome.")
    known = asyncpg.CheckViolationError | asyncpg.ForeignKeyViolationError | asyncpg.UniqueViolationError
    known |= asyncpg.ExclusionViolationError | asyncpg.RestrictViolationError
    return refusal_of_database(error) if error.schema_name == "shop" and isinstance(error, known) else None


def refusal_of_database(error: asyncpg.PostgresError) -> Refusal:
    """What the tables themselves refuse, in words; handlers refuse earlier where they can say it better."""
    if isinstance(error, asyncpg.DataError):
        return Invalid("bad_value", "A value cannot be stored: it is out of range or malformed.", next_step="Check it.")
    constraint = error.constraint_name or ""
    if isinstance(error, asyncpg.ForeignKeyViolationError | asyncpg.RestrictViolationError):
        return Invalid(
            "unknown_reference",
            f"Something this names does not exist, or is in use ({constraint}).",
            next_step="Read what it names again.",
            constraint=constraint,
        )
    if isinstance(error, asyncpg.UniqueViolationError):
        return Conflict(
            "already_exists",
            f"There is one like this already in {error.table_name} ({constraint}).",
            next_step="Change that one, or choose another name.",
            constraint=constraint,
        )
    return Conflict("rule_of_the_tables", f"This would break the rule '{constraint}'.", constraint=constraint)


def without_values(error: Exception) -> Exception:
    """The same error, to be raised as the bug it is, without the rows and arguments that the database quotes in it."""
    if isinstance(error, asyncpg.DataError) and _is_of_wrong_type(error):
        wrong = TypeError("A handler gave the database a value of a type that its column does not take.")
        return wrong.with_traceback(error.__traceback__)
    if isinstance(error, asyncpg.PostgresError):
        error.detail = None
    return error


def busy() -> Unavailable:
    """Others hold the same rows for too long."""
    return Unavailable(
        "busy",
        "Another change holds this for too long.",
        next_step="Try again.",
        retry_after_seconds=BUSY_SECONDS,
    )


def database_away() -> Unavailable:
    """The database was lost before the action could take effect."""
    return Unavailable(
        "database_away",
        "The database is away; nothing was changed.",
        next_step="Try again.",
        retry_after_seconds=BUSY_SECONDS,
    )


def commit_unknown(*, keyed: bool) -> OutcomeUnknown:
    """The database was lost while it committed: the action may have happened or not."""
    again = "Send it again with the same key" if keyed else "Look whether it has happened before sending it again"
    return OutcomeUnknown(
        "outcome_unknown",
        "The database was lost before it confirmed this.",
        next_step=f"{again}.",
        retry_after_seconds=BUSY_SECONDS,
    )


def done_already(entry_id: str) -> Conflict:
    """A held action whose key was used for the same request while it waited."""
    return Conflict(
        "done_already",
        f"This was done already, by entry {entry_id}.",
        next_step="Deny the approval; there is nothing left to do.",
        entry_id=entry_id,
    )


def _is_of_wrong_type(error: asyncpg.DataError) -> bool:
    """Whether a handler gave what the column's type cannot be made of, rather than a caller what does not fit it."""
    cause = error.__cause__
    # orjson's JSONEncodeError is TypeError itself, and only its words tell these apart.
    return isinstance(cause, TypeError | AttributeError) and not str(cause).startswith(_JSON_DOES_NOT_HOLD)


_JSON_DOES_NOT_HOLD = ("Integer exceeds 64-bit range", "str is not valid UTF-8", "Recursion limit reached")
