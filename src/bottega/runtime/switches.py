"""The stop switch: for one role or for all, thrown by an action like any other change, and obeyed at once."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.platform.database.pool import Connection

EVERY_ROLE = "*"

RoleName = Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9_.-]{0,62})$")]


class StopAgents(Action):
    """Stops the agents of one role, or all with "*": they may read and answer, and change nothing from now on."""

    groups: ClassVar[tuple[str, ...]] = ("settings",)
    role: RoleName = EVERY_ROLE
    reason: Annotated[str, Field(min_length=1, max_length=300)]


class StartAgents(Action):
    """Lets the agents of one role, or all with "*", change things again; a role stopped by its name stays stopped."""

    groups: ClassVar[tuple[str, ...]] = ("settings",)
    role: RoleName = EVERY_ROLE


@handles(StopAgents)
async def stop_agents(action: StopAgents, work: Work) -> dict[str, Any]:
    """Waits for changes of agents that are committing just now; none commits after this."""
    await _throw(work, action.role, action.reason, is_stopped=True)
    return {"role": action.role, "stopped": True}


@handles(StartAgents)
async def start_agents(action: StartAgents, work: Work) -> dict[str, Any]:
    await _throw(work, action.role, "", is_stopped=False)
    return {"role": action.role, "stopped": False}


async def _throw(work: Work, role: str, reason: str, *, is_stopped: bool) -> None:
    await work.connection.execute(
        "SELECT runtime.set_switch($1, $2, $3, $4, $5)", role, is_stopped, reason, work.actor.id, work.now
    )


async def stopped_roles(connection: Connection) -> dict[str, dict[str, Any]]:
    """The roles that are stopped ("*" for all), with reason, by whom and since when."""
    rows = await connection.fetch(
        "SELECT role, reason, changed_by, changed_at FROM runtime.switches WHERE stopped ORDER BY role"
    )
    return {row["role"]: dict(row) for row in rows}
