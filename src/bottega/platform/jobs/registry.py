"""Which jobs exist: async functions taking `(context, payload)`, each with its limits."""

import inspect
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bottega.kernel.errors import Invalid

Function = Callable[[Any, Mapping[str, Any]], Coroutine[Any, Any, None]]
FunctionType = TypeVar("FunctionType", bound=Function)

MAXIMUM_ATTEMPTS_LIMIT = 100
TIMEOUT_SECONDS_LIMIT = 3600.0
_NAME = re.compile(r"[a-z][a-z0-9_.]{0,62}\Z")


@dataclass(frozen=True)
class Definition:
    """One kind of job: what runs, how often it is tried, and how many of it run at once in the whole fleet."""

    name: str
    function: Function
    maximum_attempts: int
    timeout_seconds: float
    first_retry_seconds: float
    concurrency_limit: int
    priority: int
    every_seconds: float | None = None


class Registry:
    """The jobs a process knows. A worker picks up the jobs of its own registry and leaves all others alone."""

    def __init__(self) -> None:
        self._definitions: dict[str, Definition] = {}

    def job(
        self,
        name: str,
        *,
        maximum_attempts: int = 5,
        timeout_seconds: float = 60.0,
        first_retry_seconds: float = 1.0,
        concurrency_limit: int = 0,
        priority: int = 0,
    ) -> Callable[[FunctionType], FunctionType]:
        """Registers an async function under a name.

        `concurrency_limit` holds over all workers together (0: no limit of its own); every worker must declare the
        same one. Jobs of higher `priority` start first. `first_retry_seconds` is the delay before the second attempt;
        it doubles from there.
        """

        def register(function: FunctionType) -> FunctionType:
            self._add(
                Definition(
                    name, function, maximum_attempts, timeout_seconds, first_retry_seconds, concurrency_limit, priority
                )
            )
            return function

        return register

    def periodic(
        self,
        name: str,
        *,
        every_seconds: float,
        maximum_attempts: int = 3,
        timeout_seconds: float = 60.0,
        priority: int = 0,
    ) -> Callable[[FunctionType], FunctionType]:
        """Registers a job that is enqueued once per interval, however many workers there are.

        Intervals are aligned to the Unix epoch. An interval in which no worker was up is skipped, and so is one that
        begins while the job of an earlier interval still waits. The payload is `{"interval_started_at": "<ISO 8601>"}`.
        """
        if every_seconds < 0.1:
            raise ValueError(f"periodic job {name}: every_seconds is {every_seconds}; it must be at least 0.1")

        def register(function: FunctionType) -> FunctionType:
            self._add(Definition(name, function, maximum_attempts, timeout_seconds, 1.0, 0, priority, every_seconds))
            return function

        return register

    def definition(self, name: str) -> Definition:
        """The definition of a name; `Invalid` when no such job is registered."""
        try:
            return self._definitions[name]
        except KeyError:
            raise Invalid(
                "job_unknown",
                f"There is no job named '{name[:64]}'.",
                next_step="Register it with @job and import its module in bootstrap.",
            ) from None

    def definitions(self) -> tuple[Definition, ...]:
        """All definitions, in the order of their registration."""
        return tuple(self._definitions.values())

    def _add(self, definition: Definition) -> None:
        name = definition.name
        if not _NAME.match(name):
            raise ValueError(f"job name {name!r}: use up to 63 small letters, digits, dots and underscores")
        if name in self._definitions:
            raise ValueError(f"job {name} is registered twice")
        if not inspect.iscoroutinefunction(definition.function):
            raise TypeError(f"job {name} is not an async function")
        if not 1 <= definition.maximum_attempts <= MAXIMUM_ATTEMPTS_LIMIT:
            raise ValueError(f"job {name}: maximum_attempts must be 1 to {MAXIMUM_ATTEMPTS_LIMIT}")
        if not 0 < definition.timeout_seconds <= TIMEOUT_SECONDS_LIMIT:
            raise ValueError(f"job {name}: timeout_seconds must be above 0 and at most {TIMEOUT_SECONDS_LIMIT:.0f}")
        if definition.first_retry_seconds <= 0 or definition.concurrency_limit < 0:
            raise ValueError(f"job {name}: first_retry_seconds must be above 0 and concurrency_limit not negative")
        self._definitions[name] = definition


registry = Registry()
job = registry.job
periodic = registry.periodic
