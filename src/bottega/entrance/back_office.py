"""What pages for staff work with beside the shop itself: the log's keys, jobs, agents, models and documents."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bottega.actions.log.anchor import FileAnchor
from bottega.actions.log.signing import SigningKey
from bottega.platform.jobs.queue import Jobs
from bottega.runtime.engine import Runtime
from bottega.runtime.knowledge.library import Library
from bottega.runtime.models.breakers import Breakers


@dataclass(frozen=True, slots=True)
class RouteShown:
    """A route to a model as the settings have it; `key` says which variable holds it and whether it is set."""

    name: str
    level: str
    provider: str
    model: str
    address: str
    key: str
    price: str
    may_see_personal_data: bool
    latency_seconds: float | None


@dataclass(frozen=True, slots=True)
class ModelsShown:
    """The models of the settings; `intents` are the levels that each intent goes through."""

    currency: str
    routes: tuple[RouteShown, ...]
    intents: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class BackOffice:
    """One per web process, beside its `ServingContext`."""

    jobs: Jobs
    knowledge: Library
    breakers: Breakers
    signing_key: SigningKey = field(repr=False)
    anchor: FileAnchor
    models: Callable[[], ModelsShown]
    # Begins the agents of this process if nothing has yet.
    runtime: Callable[[], Awaitable[Runtime]]
    roles: tuple[str, ...]
    # Which connectors stand behind the ports, by the port's name in words.
    connectors: Mapping[str, str]
