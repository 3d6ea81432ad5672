"""What happens by the clock: jobs that fire once per interval, however many workers there are."""

from collections.abc import Mapping
from typing import Any

from bottega.actions import approvals
from bottega.platform.jobs import periodic
from bottega.platform.sign_in import sessions
from bottega.shop.flows.expire import expire_due
from bottega.shop.flows.job_context import ShopJobs
from bottega.shop.support.overdue import escalate_due


@periodic("shop.expire", every_seconds=15)
async def expire(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Unpaid orders and forgotten carts."""
    await expire_due(context.performer)


@periodic("shop.expire_approvals", every_seconds=60)
async def expire_approvals(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Approvals whose time has passed, and old denials."""
    await approvals.expire_due(context.performer)


@periodic("sign_in.sweep", every_seconds=3600)
async def sweep_sign_in(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Sessions and codes that ended a week ago, and failures of the day before yesterday."""
    async with context.performer.database.write() as connection:
        await sessions.sweep(connection, context.performer.clock.now())


@periodic("support.escalate", every_seconds=300)
async def escalate(context: ShopJobs, _: Mapping[str, Any]) -> None:
    """Tickets that nobody has answered in time."""
    await escalate_due(context.performer)
