"""The figures of today and the heads of the queues behind them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.runtime.metrics import Alert, open_alerts
from bottega.shop.reporting.model import Period
from bottega.shop.reporting.queries import low_stock, sales

PLOTTED_DAYS = 30
SHOWN_OF_EACH = 6


@dataclass(frozen=True, slots=True)
class Day:
    """One day's sales."""

    day: date
    orders: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of what waits, and what agents cost since midnight (UTC) in millionths of each currency."""

    to_ship: int
    awaiting_payment: int
    returns_waiting: int
    tickets_waiting: int
    dead_jobs: int
    dead_effects: int
    runs_today: int
    costs: tuple[tuple[str, int], ...]


async def figures(connection: Connection, now: datetime) -> Figures:
    """Everything that is one number."""
    row = await connection.fetchrow(_FIGURES, now.replace(hour=0, minute=0, second=0, microsecond=0))
    assert row is not None, "a row of sub-selects is always there"
    values: dict[str, Any] = dict(row)
    costs: dict[str, int] = values.pop("costs") or {}
    return Figures(**values, costs=tuple(costs.items()))


async def days_of_sales(connection: Connection, today: date, currency: str) -> list[Day]:
    """The last days, each with what was sold on it, days without orders included."""
    period = Period(today - timedelta(days=PLOTTED_DAYS - 1), today)
    rows = {row["day"]: row for row in await sales(connection, period, currency, "day")}
    days = [period.first + timedelta(days=number) for number in range(period.days)]
    return [
        Day(
            day,
            rows[day.isoformat()]["orders"] if day.isoformat() in rows else 0,
            rows[day.isoformat()]["total_minor"] if day.isoformat() in rows else 0,
        )
        for day in days
    ]


async def orders_to_ship(connection: Connection) -> list[dict[str, Any]]:
    """Paid orders that nobody has sent yet, the longest waiting first."""
    return [dict(row) for row in await connection.fetch(_TO_SHIP, SHOWN_OF_EACH)]


async def running_out(connection: Connection, threshold: int) -> list[dict[str, Any]]:
    """Variants at or below their threshold, the emptiest first."""
    return await low_stock(connection, threshold)


async def missed_targets(connection: Connection) -> list[Alert]:
    """Targets of the agents that are missed now."""
    return await open_alerts(connection)


_SHIPPABLE = (
    "status = 'open' AND payment_status IN ('authorised', 'paid', 'partially_refunded') "
    "AND fulfilment_status IN ('unfulfilled', 'partially_shipped')"
)

_FIGURES = f"""
SELECT (SELECT count(*) FROM shop.orders WHERE {_SHIPPABLE}) AS to_ship,
       (SELECT count(*) FROM shop.orders WHERE status = 'open' AND payment_status = 'awaiting') AS awaiting_payment,
       (SELECT count(*) FROM shop.returns WHERE state = 'requested') AS returns_waiting,
       (SELECT count(*) FROM shop.tickets WHERE status = 'open') AS tickets_waiting,
       (SELECT count(*) FROM platform.jobs WHERE state = 'dead') AS dead_jobs,
       (SELECT count(*) FROM log.effects WHERE state = 'dead') AS dead_effects,
       (SELECT count(*) FROM runtime.runs WHERE created_at >= $1) AS runs_today,
       (SELECT jsonb_object_agg(currency, cost) FROM (
            SELECT currency, sum(cost_micros)::bigint AS cost FROM runtime.model_calls
            WHERE began_at >= $1 GROUP BY currency ORDER BY currency) AS spent) AS costs"""

_TO_SHIP = f"""
SELECT id, number, currency, total_minor, placed_at, fulfilment_status,
       (SELECT sum(l.quantity - l.cancelled) FROM shop.order_lines l WHERE l.order_id = o.id)::bigint AS units
FROM shop.orders o WHERE {_SHIPPABLE} ORDER BY placed_at LIMIT $1"""
