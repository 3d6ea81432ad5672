"""What happens by the clock: jobs that fire once per interval, however many workers there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bottega.actions.effects import EffectDriver
from bottega.actions.perform import Performer
from bottega.platform.jobs import periodic
from bottega.ports.services import Services
from bottega.shop.flows.expire import expire_due


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


@periodic("shop.expire", every_seconds=15)
async def expire(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Unpaid orders and forgotten carts."""
    await expire_due(context.performer)
