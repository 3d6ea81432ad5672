"""Metrics of the agents against their targets, and alerts to the staff when one is missed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import structlog

from bottega.kernel.errors import Invalid, NotFound
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Connection, Database

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure over its window. `value` is None when there was nothing to measure; `before` is that of the window
    before. It is missed only when there were enough cases to say so."""

    metric: str
    meaning: str
    unit: str
    value: float | None
    before: float | None
    sample: int
    direction: Literal["at_most", "at_least"]
    target: float | None
    window_hours: int
    is_missed: bool


@dataclass(frozen=True, slots=True)
class Alert:
    """A target that is missed, since when, and whether a colleague has taken note."""

    id: str
    metric: str
    value: float
    target: float
    began_at: datetime
    seen_at: datetime
    seen_by: str | None
    ended_at: datetime | None


async def measure(connection: Connection, now: datetime) -> list[Metric]:
    """Every metric as it stands now."""
    rows = await connection.fetch("SELECT * FROM runtime.metrics_at($1)", now)
    return [Metric(**dict(row)) for row in rows]


async def watch(database: Database, now: datetime) -> list[Alert]:
    """Measures, opens an alert for each target that is newly missed, and ends those that are met; returns the new."""
    async with database.write() as connection:
        metrics = await measure(connection, now)
        missed = [metric for metric in metrics if metric.is_missed]
        opened = await connection.fetch(
            _OPEN,
            [new_id("alr") for _ in missed],
            [metric.metric for metric in missed],
            [metric.value for metric in missed],
            [metric.target for metric in missed],
            now,
        )
        ended = await connection.fetch(_END, [metric.metric for metric in missed], now)
    alerts = [_alert(row) for row in opened if row["is_new"]]
    for alert in alerts:
        _log.warning("target_missed", metric=alert.metric, value=round(alert.value, 2), target=alert.target)
    for row in ended:
        _log.info("target_met_again", metric=row["metric"])
    return alerts


async def open_alerts(connection: Connection) -> list[Alert]:
    """What is missed now, the oldest first."""
    rows = await connection.fetch("SELECT * FROM runtime.alerts WHERE ended_at IS NULL ORDER BY began_at")
    return [_alert(row) for row in rows]


async def take_note(database: Database, alert_id: str, colleague: str) -> None:
    """A colleague has seen an alert; `NotFound`."""
    async with database.connection() as connection:
        status = await connection.execute("UPDATE runtime.alerts SET seen_by = $2 WHERE id = $1", alert_id, colleague)
    if status != "UPDATE 1":
        raise NotFound("no_such_alert", f"There is no alert {alert_id[:64]}.", next_step="List them.")


async def set_target(database: Database, metric: str, target: float | None) -> None:
    """Another target for a metric; None only measures it. `NotFound` and `Invalid`."""
    if target is not None and not 0 <= target <= 1e12:
        raise Invalid("bad_target", "A target is a number from 0 up.", next_step="Give another one.")
    async with database.connection() as connection:
        status = await connection.execute("UPDATE runtime.targets SET target = $2 WHERE metric = $1", metric, target)
    if status != "UPDATE 1":
        raise NotFound("no_such_metric", f"There is no metric {metric[:64]}.", next_step="See `bottega metrics`.")


async def refusals(connection: Connection, *, limit: int = 50) -> Sequence[dict[str, Any]]:
    """Calls that critics, policy or guard refused, the newest first, with what a colleague thought of them."""
    rows = await connection.fetch(_REFUSALS, min(limit, 500))
    return [dict(row) for row in rows]


async def judge(database: Database, run_id: str, call_id: str, *, was_wrong: bool, by: str, now: datetime) -> None:
    """Says whether a refused call should have been allowed; `NotFound`. A later judgement replaces an earlier one."""
    async with database.connection() as connection:
        status = await connection.execute(_JUDGE, run_id, call_id, was_wrong, by, now)
    if status.endswith(" 0"):
        raise NotFound("no_such_refusal", "There is no such refused call.", next_step="List refusals.")


def _alert(row: Any) -> Alert:
    return Alert(**{name: row[name] for name in Alert.__slots__})


_OPEN = """
INSERT INTO runtime.alerts AS a (id, metric, value, target, began_at, seen_at)
SELECT m.*, $5, $5 FROM unnest($1::text[], $2::text[], $3::float8[], $4::float8[]) AS m
ON CONFLICT (metric) WHERE ended_at IS NULL
DO UPDATE SET value = excluded.value, target = excluded.target, seen_at = excluded.seen_at
RETURNING a.*, a.began_at = $5 AS is_new"""

_END = """
UPDATE runtime.alerts SET ended_at = $2 WHERE ended_at IS NULL AND metric <> ALL ($1::text[]) RETURNING metric"""

_REFUSALS = """
SELECT r.*, j.was_wrong, j.judged_by
FROM runtime.refusals r LEFT JOIN runtime.judgements j USING (run_id, number, call_id)
ORDER BY r.began_at DESC LIMIT $1"""

_JUDGE = """
INSERT INTO runtime.judgements (run_id, number, call_id, was_wrong, judged_by, judged_at)
SELECT r.run_id, r.number, r.call_id, $3, $4, $5 FROM runtime.refusals r WHERE r.run_id = $1 AND r.call_id = $2
ON CONFLICT (run_id, number, call_id)
DO UPDATE SET was_wrong = excluded.was_wrong, judged_by = excluded.judged_by, judged_at = excluded.judged_at"""
