"""Who may read what: reads pass no action through policy, so its rules about reading stand here by route tag."""

from fastapi import Request

from bottega.actions.actor import Actor
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
# What is about the caller alone, and what anybody may see.
OPEN_TAGS = frozenset({"account", "sign-in", "catalogue", "reviews"})
ALL_READING = frozenset({"*", "read"})


def check_reading(request: Request, actor: Actor) -> None:
    """Analysts see no personal data; a narrowed key reads what its scopes name, or everything with `read`."""
    if actor.kind != "staff" or request.method not in ("GET", "HEAD"):
        return
    tags = frozenset(getattr(request.scope.get("route"), "tags", ()))
    if actor.role == "analyst" and tags & PERSONAL_TAGS:
        raise Forbidden(
            "no_personal_data",
            "An analyst sees figures and no personal data.",
            next_step="See /api/reports.",
        )
    if actor.scopes and not (actor.scopes & ALL_READING or tags & OPEN_TAGS or actor.scopes & tags):
        raise Forbidden(
            "key_narrowed",
            "This key is narrowed to other work.",
            next_step=f"Use a key with the scope read or {', '.join(sorted(tags))}.",
        )
