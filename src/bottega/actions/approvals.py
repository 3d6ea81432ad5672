"""Approvals: a person's decision on exactly one held action, used once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import Field

from bottega.actions.action import Action, personal_fields
from bottega.actions.actor import Cause, system
from bottega.actions.perform import Performer
from bottega.actions.registry import Facts, handles, registered_handlers
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict, Forbidden, NotFound
from bottega.kernel.identifiers import ApprovalId
from bottega.platform.database.pool import Connection, Row

LONGEST_PAGE = 200
# Refused requests say what somebody tried; they are kept as long as that is of use.
DENIALS_KEPT = timedelta(days=90)

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["5feceb66ffc86f38d952786c6d696c79" * 2])]


class GrantApproval(Action):
    """Lets a held action happen; `arguments_digest` is of the arguments that the approver was shown."""

    groups: ClassVar[tuple[str, ...]] = ("approval",)
    approval_id: ApprovalId
    arguments_digest: Digest


class DenyApproval(Action):
    """Refuses a held action for good."""

    groups: ClassVar[tuple[str, ...]] = ("approval",)
    approval_id: ApprovalId
    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class ExpireApprovals(Action):
    """Ends the approvals whose time has passed, and forgets the personal values that they held."""

    groups: ClassVar[tuple[str, ...]] = ("system",)


async def decision_facts(action: GrantApproval | DenyApproval, work: Work) -> Facts:
    """Whether the approver asked for it, who did, and how much is at stake."""
    row = await work.connection.fetchrow(
        "SELECT actor_kind, actor_id, action, coalesce(amount_minor, 0) AS amount_minor "
        "FROM log.approvals WHERE id = $1",
        action.approval_id,
    )
    if row is None:
        raise _no_such_approval(action.approval_id)
    people = await _people_behind(work.connection, [row["actor_id"], work.actor.id])
    return {
        "own_request": people[row["actor_id"]] == people[work.actor.id],
        "held_action": row["action"],
        "amount_minor": row["amount_minor"],
    }


@handles(GrantApproval, facts=decision_facts)
async def grant_approval(action: GrantApproval, work: Work) -> dict[str, Any]:
    """Grant, perform in the same transaction, and mark the approval as used."""
    approval = await _waiting_approval(work.connection, action.approval_id, work.now)
    if approval["arguments_digest"] != action.arguments_digest:
        raise Conflict(
            "approval_shows_other_arguments",
            "What you saw is not what this approval holds.",
            next_step="Open the approval again and decide on what it shows now.",
        )
    approvers: list[dict[str, Any]] = list(approval["approvers"])
    decided = [approver["id"] for approver in approvers]
    people = await _people_behind(work.connection, [approval["actor_id"], work.actor.id, *decided])
    person = people[work.actor.id]
    if people[approval["actor_id"]] == person:
        raise Forbidden("own_request", "You asked for this yourself.", next_step="Ask a colleague to decide.")
    if any(people[approver] == person for approver in decided):
        raise Forbidden("already_approved", "You approved this already.", next_step="A second person has to.")
    approvers.append({"id": work.actor.id, "role": work.actor.role, "at": work.now.isoformat()})
    done = await work.performer.perform_held(work, dict(approval), approvers)
    await work.connection.execute(
        "UPDATE log.approvals SET approvers = $2, state = $3, decided_at = $4, entry_id = $5 WHERE id = $1",
        action.approval_id,
        approvers,
        "waiting" if done is None else "granted",
        None if done is None else work.now,
        None if done is None else done["entry_id"],
    )
    if done is None:
        return {"approval_id": action.approval_id, "state": "waiting", "approvers": len(approvers)}
    await _forget_held(work, approval)
    return {"approval_id": action.approval_id, "state": "granted", **done}


@handles(DenyApproval, facts=decision_facts)
async def deny_approval(action: DenyApproval, work: Work) -> dict[str, Any]:
    """Refuse; the requester may ask again with a new approval."""
    approval = await _waiting_approval(work.connection, action.approval_id, work.now)
    await work.connection.execute(
        "UPDATE log.approvals SET state = 'denied', reason = $2, decided_at = $3, "
        "approvers = approvers || jsonb_build_array($4::jsonb) WHERE id = $1",
        action.approval_id,
        action.reason,
        work.now,
        {"id": work.actor.id, "role": work.actor.role, "at": work.now.isoformat()},
    )
    await _forget_held(work, approval)
    return {"approval_id": action.approval_id, "state": "denied"}


@handles(ExpireApprovals)
async def expire_approvals(_: ExpireApprovals, work: Work) -> dict[str, Any]:
    expired = await work.connection.fetch(
        "WITH expired AS (UPDATE log.approvals SET state = 'expired', decided_at = $1 "
        "    WHERE state = 'waiting' AND expires_at <= $1 RETURNING id, held_ref), "
        "forgotten AS (DELETE FROM vault.values v USING expired WHERE v.id = split_part(expired.held_ref, '.', 1)) "
        "SELECT id FROM expired ORDER BY id",
        work.now,
    )
    return {"approval_ids": [row["id"] for row in expired]}


async def expire_due(performer: Performer) -> None:
    """Expires approvals and drops old denials; writes no entry when no approval is due."""
    now = performer.clock.now()
    async with performer.database.connection() as connection:
        await connection.execute("DELETE FROM log.denials WHERE denied_at < $1", now - DENIALS_KEPT)
        due = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM log.approvals WHERE state = 'waiting' AND expires_at <= $1)", now
        )
    if due:
        await performer.perform(ExpireApprovals(), by=system("approvals"), because=Cause("schedule", "approvals"))


async def _forget_held(work: Work, approval: Row) -> None:
    """What was held has been kept anew by the action itself, or is of no use any more."""
    if approval["held_ref"] is not None:
        await work.connection.execute(
            "DELETE FROM vault.values WHERE id = split_part($1, '.', 1)", approval["held_ref"]
        )


async def _people_behind(connection: Connection, actor_ids: Sequence[str]) -> dict[str, str]:
    """Who stands behind each actor: for an API key whoever made it, for anybody else themself."""
    rows = await connection.fetch(_PEOPLE_BEHIND, list(actor_ids))
    return {row["asked"]: row["id"] for row in rows}


_PEOPLE_BEHIND = """
WITH RECURSIVE behind (asked, id) AS (
    SELECT id, id FROM unnest($1::text[]) AS id
    UNION
    SELECT b.asked, k.created_by FROM behind b JOIN platform.api_keys k ON k.id = b.id
)
SELECT b.asked, b.id FROM behind b WHERE NOT EXISTS (SELECT FROM platform.api_keys k WHERE k.id = b.id)"""


async def _waiting_approval(connection: Connection, approval_id: str, now: datetime) -> Row:
    row = await connection.fetchrow("SELECT * FROM log.approvals WHERE id = $1 FOR UPDATE", approval_id)
    if row is None:
        raise _no_such_approval(approval_id)
    if row["state"] != "waiting":
        raise Conflict(
            "approval_already_decided",
            f"Approval {approval_id} is {row['state']} already.",
            next_step="Ask for the change again if it is still wanted.",
            state=row["state"],
        )
    if row["expires_at"] <= now:
        raise Conflict(
            "approval_expired",
            f"Approval {approval_id} expired at {row['expires_at']:%Y-%m-%d %H:%M} UTC.",
            next_step="Ask for the change again.",
        )
    return row


def _no_such_approval(approval_id: str) -> NotFound:
    return NotFound("no_such_approval", f"There is no approval {approval_id}.", next_step="List the waiting ones.")


APPROVAL_COLUMNS = (
    "id, action, convert_from(arguments, 'UTF8')::jsonb AS arguments, arguments_digest, actor_kind, actor_id, "
    "actor_role, on_behalf_of, because, rule_ids, policy_version, facts, diff, amount_minor, currency, evidence, "
    "approvers, CASE WHEN state = 'waiting' AND expires_at <= $1 THEN 'expired' ELSE state END AS state, "
    "requested_at, expires_at, decided_at, reason, entry_id"
)


async def list_approvals(
    connection: Connection,
    now: datetime,
    *,
    state: str | None = None,
    after: str = "",
    limit: int = 50,
    newest_first: bool = False,
) -> list[dict[str, Any]]:
    """Approvals by id (oldest first), each with its arguments, diff and the rules that held it; `limit` ≤ 200."""
    beyond, direction = ("($3 = '' OR id < $3)", "DESC") if newest_first else ("id > $3", "ASC")
    rows = await connection.fetch(
        f"SELECT * FROM (SELECT {APPROVAL_COLUMNS} FROM log.approvals) AS shown "
        f"WHERE ($2::text IS NULL OR state = $2) AND {beyond} ORDER BY id {direction} LIMIT $4",
        now,
        state,
        after,
        min(limit, LONGEST_PAGE),
    )
    return [dict(row) for row in rows]


async def get_approval(connection: Connection, approval_id: str, now: datetime) -> dict[str, Any]:
    """One approval as a person decides on it; personal arguments have their `value`, null when it is forgotten."""
    row = await connection.fetchrow(
        f"SELECT {APPROVAL_COLUMNS}, vault.reveal(held_ref) AS held FROM log.approvals WHERE id = $2", now, approval_id
    )
    if row is None:
        raise _no_such_approval(approval_id)
    approval: dict[str, Any] = dict(row)
    held: str | None = approval.pop("held")
    values: dict[str, Any] = {} if held is None else orjson.loads(held)
    handler = registered_handlers().get(approval["action"])
    for name in personal_fields(handler.action) if handler else ():
        if approval["arguments"].get(name) is not None:
            approval["arguments"][name]["value"] = values.get(name)
    return approval
