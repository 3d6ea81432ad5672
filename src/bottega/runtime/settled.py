"""What became of something a run waits for: an approval that a person decides, or a child run."""

from collections.abc import Mapping
from dataclasses import dataclass

from bottega.platform.database.pool import Database, Row
from bottega.runtime.evidence import Json
from bottega.runtime.run import FINAL_STATES, StepState


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome as the journal keeps it, the value that came of it, and what a person would call it."""

    state: StepState
    outcome: Mapping[str, Json]
    value: Json
    word: str


async def settled(database: Database, awaited: Mapping[str, Json]) -> Settled | None:
    """What became of it, or None while it is open."""
    async with database.read() as connection:
        if awaited["what"] == "approval":
            row = await connection.fetchrow(_APPROVAL, awaited["id"])
            return None if row is None else _of_approval(row)
        row = await connection.fetchrow("SELECT * FROM runtime.runs WHERE id = $1", awaited["id"])
        return None if row is None or row["state"] not in FINAL_STATES else _of_child(row)


def _of_approval(row: Row) -> Settled | None:
    match row["state"]:
        case "waiting":
            return None
        case "granted":
            outcome = {"kind": "answered", "entry_id": row["entry_id"], "repeated": False}
            return Settled("done", outcome, row["result"], "approved and done")
        case state:
            reason = row["reason"] or f"The request was {state}."
            return Settled("refused", _refused(f"approval_{state}", reason), None, f"not approved ({state})")


def _of_child(row: Row) -> Settled:
    if row["state"] == "done":
        outcome = {"kind": "answered", "entry_id": None, "repeated": False}
        return Settled("done", outcome, row["result"], "done")
    told = f"Run {row['id']} {row['state']}: {row['failure'] or 'no reason given'}."
    return Settled("refused", _refused(f"child_{row['state']}", told), None, str(row["state"]))


def _refused(code: str, message: str) -> dict[str, Json]:
    next_step = "Do not ask for it again unless something has changed."
    return {"kind": "refused", "code": code, "message": message, "next_step": next_step, "by": "shop", "rule_ids": []}


_APPROVAL = """
SELECT CASE WHEN a.state = 'waiting' AND a.expires_at <= now() THEN 'expired' ELSE a.state END AS state,
       a.reason, a.entry_id, e.result
FROM log.approvals a LEFT JOIN log.entries e ON e.id = a.entry_id
WHERE a.id = $1"""
