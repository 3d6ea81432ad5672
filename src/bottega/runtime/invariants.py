"""The invariants of agents (I13 and I16 to I19), as queries that return what violates them."""

from bottega.actions.invariants import Invariant


def agent_invariants() -> list[Invariant]:
    """What must hold of approvals, confirmations, budgets, the stop switch and the journal."""
    return [CONFIRMED_AS_SHOWN, BUDGETS_HOLD, REFUSED_STAYS_REFUSED, STOPPED_MEANS_STOPPED, NO_ORPHANS]


# A confirmation goes with its session when its customer is forgotten; the entry stays.
YES_WITHOUT_DEED = """
SELECT c.id AS confirmation_id, c.used_by, 'the yes was used and nothing was done' AS why
FROM runtime.confirmations c
WHERE c.used_by IS NOT NULL
  AND NOT EXISTS (SELECT FROM log.entries e WHERE e.idempotency_key = 'confirmation:' || c.id)"""

DEED_WITHOUT_YES = """
SELECT e.id AS entry_id, c.id AS confirmation_id, c.state, 'it was done without a valid yes to it' AS why
FROM log.entries e JOIN runtime.confirmations c ON e.idempotency_key = 'confirmation:' || c.id
WHERE e.actor_kind = 'agent' AND e.approval_id IS NULL
  AND (c.state <> 'used' OR c.decided_at >= c.expires_at OR c.action <> e.action)"""

CONFIRMED_AS_SHOWN = Invariant(
    "I13",
    "every effect has one intent and one policy decision, and where required one unexpired approval of what ran",
    (YES_WITHOUT_DEED, DEED_WITHOUT_YES),
)

RESERVED_OTHERWISE = """
SELECT b.account, b.reserved_micros, coalesce(sum(r.amount_micros), 0) AS open_micros,
       'what is reserved is not the sum of the open reservations' AS why
FROM runtime.model_budgets b
LEFT JOIN runtime.model_reservations r ON b.account = ANY (r.accounts) AND r.expired_at IS NULL
GROUP BY b.account HAVING b.reserved_micros <> coalesce(sum(r.amount_micros), 0)"""

BUDGETS_HOLD = Invariant("I16", "limits hold under concurrency", (RESERVED_OTHERWISE,))

EXECUTED_AFTER_REFUSAL = """
SELECT a.id AS approval_id, a.state, e.id AS entry_id, 'it ended without a grant and ran' AS why
FROM log.approvals a JOIN log.entries e ON e.approval_id = a.id
WHERE a.state <> 'granted'"""

EXECUTED_TOO_LATE = """
SELECT a.id AS approval_id, e.id AS entry_id, e.recorded_at, a.expires_at, 'it ran after its approval expired' AS why
FROM log.approvals a JOIN log.entries e ON e.approval_id = a.id
WHERE e.recorded_at > a.expires_at"""

YES_AFTER_ITS_END = """
SELECT c.id AS confirmation_id, c.state, 'a yes that was declined, replaced or late was used' AS why
FROM runtime.confirmations c
WHERE (c.state <> 'used' AND c.used_by IS NOT NULL) OR (c.used_by IS NOT NULL AND c.decided_at >= c.expires_at)"""

REFUSED_STAYS_REFUSED = Invariant(
    "I17",
    "what was denied or has expired never executes",
    (EXECUTED_AFTER_REFUSAL, EXECUTED_TOO_LATE, YES_AFTER_ITS_END),
)

# Stopping waits for agents' changes under way and is numbered after them, so the numbers tell what came after it.
CHANGED_WHILE_STOPPED = """
SELECT e.id AS entry_id, e.actor_role, e.action, s.id AS stop_entry_id,
       'an agent changed something while stopped' AS why
FROM log.entries e
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (role) sw.id, sw.action
    FROM (SELECT id, action, sequence, convert_from(arguments, 'UTF8')::jsonb ->> 'role' AS role
          FROM log.entries WHERE action IN ('StopAgents', 'StartAgents')) AS sw
    WHERE sw.sequence < e.sequence AND sw.role IN ('*', e.actor_role)
    ORDER BY role, sw.sequence DESC) AS s
WHERE e.actor_kind = 'agent' AND e.approval_id IS NULL AND s.action = 'StopAgents'"""

STOPPED_MEANS_STOPPED = Invariant("I18", "after the stop switch, no new effect", (CHANGED_WHILE_STOPPED,))

DONE_BUT_ROLLED_BACK = """
SELECT s.run_id, s.number, s.detail #>> '{outcome,entry_id}' AS entry_id,
       'the journal says done, the log does not' AS why
FROM runtime.steps s
WHERE s.phase = 'act' AND s.state = 'done' AND s.detail #>> '{outcome,entry_id}' IS NOT NULL
  AND NOT EXISTS (SELECT FROM log.entries e WHERE e.id = s.detail #>> '{outcome,entry_id}')"""

EFFECT_OF_NOTHING = """
SELECT f.id AS effect_id, f.entry_id, 'its action was rolled back' AS why
FROM log.effects f WHERE NOT EXISTS (SELECT FROM log.entries e WHERE e.id = f.entry_id)"""

NO_ORPHANS = Invariant("I19", "a rollback leaves no orphan intent", (DONE_BUT_ROLLED_BACK, EFFECT_OF_NOTHING))
