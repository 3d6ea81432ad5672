"""Reads of returns: their own for customers, all for staff."""

from typing import Any

from bottega.actions.actor import Actor
from bottega.platform.database.pool import Connection
from bottega.shop.returns.errors import no_such_return
from bottega.shop.returns.model import Return, ReturnKind, ReturnState, ReturnSummary

LARGEST_PAGE = 200
_COLUMNS = ", ".join(f"r.{name}" for name in ReturnSummary.model_fields)

_RETURN = f"""
SELECT {_COLUMNS}, (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.position, l.id)
                    FROM shop.return_lines l WHERE l.return_id = r.id) AS lines
FROM shop.returns r WHERE r.id = $1 AND ($2::text IS NULL OR r.customer_id = $2)"""

_LIST = f"""
SELECT {_COLUMNS} FROM shop.returns r
WHERE ($1::text IS NULL OR r.customer_id = $1) AND ($2::text IS NULL OR r.order_id = $2)
  AND ($3::text IS NULL OR r.state = $3) AND ($4::text IS NULL OR r.kind = $4) AND ($5 = '' OR r.id < $5)
ORDER BY r.id DESC LIMIT $6"""


def _owner_of(actor: Actor) -> str | None:
    return None if actor.kind in ("staff", "system") else actor.customer_id or ""


async def get_return(connection: Connection, actor: Actor, return_id: str) -> Return:
    """One return with its lines."""
    row = await connection.fetchrow(_RETURN, return_id, _owner_of(actor))
    if row is None:
        raise no_such_return(return_id)
    shown: dict[str, Any] = dict(row)
    shown["lines"] = shown["lines"] or []
    return Return.model_validate(shown)


async def list_returns(
    connection: Connection,
    actor: Actor,
    *,
    customer_id: str | None = None,
    order_id: str | None = None,
    state: ReturnState | None = None,
    kind: ReturnKind | None = None,
    before: str = "",
    limit: int = 20,
) -> list[ReturnSummary]:
    """Returns, newest first; customers see their own only, staff may ask for one customer's."""
    owner = _owner_of(actor)
    rows = await connection.fetch(
        _LIST,
        customer_id if owner is None else owner,
        order_id,
        state,
        kind,
        before,
        min(limit, LARGEST_PAGE + 1),
    )
    return [ReturnSummary(**dict(row)) for row in rows]


async def return_history(connection: Connection, actor: Actor, return_id: str) -> list[dict[str, Any]]:
    """What happened to a return, oldest first, as read from the log."""
    await get_return(connection, actor, return_id)
    rows = await connection.fetch(
        "SELECT e.id AS entry_id, e.action, e.actor_kind, e.actor_role, e.recorded_at, c.after ->> 'state' AS state "
        "FROM log.changes c JOIN log.entries e ON e.id = c.entry_id "
        "WHERE c.table_name = 'shop.returns' AND c.row_key = $1 ORDER BY c.id LIMIT 200",
        return_id,
    )
    return [dict(row) for row in rows]
