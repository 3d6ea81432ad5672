"""What a job of the shop is given."""

from dataclasses import dataclass
from typing import Protocol

from bottega.actions.effects import EffectDriver
from bottega.actions.perform import Performer
from bottega.ports.services import Services


class ShopJobs(Protocol):
    """What a job of the shop is given; the application has all of it."""

    @property
    def performer(self) -> Performer: ...
    @property
    def effects(self) -> EffectDriver: ...
    @property
    def services(self) -> Services: ...


@dataclass(frozen=True, slots=True)
class JobContext:
    """`ShopJobs` without a whole application."""

    performer: Performer
    effects: EffectDriver
    services: Services
