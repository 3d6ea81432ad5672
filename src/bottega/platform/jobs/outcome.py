"""How one attempt at a job ended, and what is written down about it."""

import random
import traceback
from dataclasses import dataclass
from typing import Literal

from bottega.kernel.errors import Refusal, Unavailable
from bottega.platform.jobs.backoff import retry_delay_seconds

ERROR_CHARACTERS_LIMIT = 1_000
_OWN_FOLDER = "/bottega/platform/jobs/"


@dataclass(frozen=True)
class Claim:
    """One attempt that this worker began; `attempt` (counted from 1) fences off a worker that was overtaken."""

    queue_id: int
    job_id: str
    name: str
    payload: str
    attempt: int
    maximum_attempts: int


@dataclass(frozen=True)
class Finished:
    """The attempt settled the job: done, or dead with the error that says why."""

    state: Literal["done", "dead"]
    error: str | None = None


@dataclass(frozen=True)
class TryAgain:
    """The job waits for another attempt; one that was given back, not failed, is not counted."""

    delay_seconds: float
    error: str | None
    is_counted: bool = True


Outcome = Finished | TryAgain


def outcome_of_failure(
    error: Exception, claim: Claim, first_retry_seconds: float, randomness: random.Random
) -> Outcome:
    """What an attempt's exception leads to.

    A refusal other than `Unavailable` would be refused again, so it goes to the dead letters at once; anything else is
    tried again until the attempts are used up.
    """
    text = describe(error)
    if isinstance(error, Refusal) and not isinstance(error, Unavailable):
        return Finished("dead", text)
    if claim.attempt >= claim.maximum_attempts:
        return Finished("dead", text)
    retry_after_seconds = error.retry_after_seconds if isinstance(error, Unavailable) else None
    delay_seconds = retry_delay_seconds(claim.attempt, first_retry_seconds, retry_after_seconds, randomness)
    return TryAgain(delay_seconds, text)


def describe(error: BaseException) -> str:
    """One line without personal values.

    Our refusals name things by identifier, so their message is kept. Any other exception may quote what it choked on (a
    mail server repeats the address it refuses): of those only the type and the place are kept; the worker's log has the
    rest.
    """
    if isinstance(error, Refusal):
        text = f"{type(error).__name__} {error.code}: {error}"
    else:
        text = f"{type(error).__name__}{_place(error)}"
    # PostgreSQL's text holds neither the zero character nor half a surrogate pair.
    return text.replace("\0", "").encode(errors="replace").decode()[:ERROR_CHARACTERS_LIMIT]


def _place(error: BaseException) -> str:
    """The innermost line of our own code outside this package, else of any."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    ours = [frame for frame in frames if "/bottega/" in frame.filename and _OWN_FOLDER not in frame.filename]
    frame = (ours or frames)[-1]
    return f" at {_short(frame.filename)}:{frame.lineno} in {frame.name}"


def _short(filename: str) -> str:
    parts = filename.replace("\\", "/").split("/")
    return "/".join(parts[-3:])
