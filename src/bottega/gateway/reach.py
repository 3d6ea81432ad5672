"""How far a caller reaches where no action passes through policy: reads, and writes that perform none."""

from functools import cache
from typing import Any

from fastapi import Request

from bottega.actions.actor import Actor
from bottega.gateway.routes import READING, actions_of
from bottega.kernel.errors import Forbidden

# Tags of routes whose answers are about people; policy calls that group "personal".
PERSONAL_TAGS = frozenset(
    {
        "approvals",
        "carts",
        "customers",
        "effects",
        "log",
        "orders",
        "payments",
        "returns",
        "staff",
        "support",
        "webhooks",
    }
)
# What is about the caller alone.
OWN_TAGS = frozenset({"account", "sign-in"})
ALL_WORK, ALL_READING = "*", "read"


def check_reach(request: Request, actor: Actor) -> None:
    """Analysts change nothing and see no personal data; a narrowed key reaches what its scopes name.

    Writes that perform actions are policy's to decide.

    A scope names a group of actions, and the routes of the tag of that name with it; `read` is all reading.
    """
    if actor.kind != "staff":
        return
    route: Any = request.scope.get("route")
    tags = frozenset(str(tag) for tag in getattr(route, "tags", ()))
    if tags & OWN_TAGS:
        return
    reads = request.method in READING
    if not reads and _performs(getattr(route, "endpoint", None)):
        return
    if actor.role == "analyst" and not reads:
        raise Forbidden("analysts_read", "An analyst reads and changes nothing.", next_step="Ask a manager.")
    if actor.role == "analyst" and tags & PERSONAL_TAGS:
        raise Forbidden(
            "no_personal_data", "An analyst sees figures and no personal data.", next_step="See /api/reports."
        )
    if actor.scopes and not (
        ALL_WORK in actor.scopes or actor.scopes & tags or (reads and ALL_READING in actor.scopes)
    ):
        raise Forbidden(
            "key_narrowed",
            "This key is narrowed to other work.",
            next_step=f"Use a key with the scope {' or '.join(sorted(tags))}.",
        )


@cache
def _performs(endpoint: Any) -> bool:
    """Whether the route performs actions, whose scopes policy checks by their groups."""
    return endpoint is not None and bool(actions_of(endpoint))
