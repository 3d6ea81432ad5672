"""Budgets: reserved before a call, settled after it, on the shop's, the role's and the runs' accounts together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bottega.kernel.errors import Conflict, NotFound
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database
from bottega.runtime.models.call import ModelCall

# Beyond the longest that a call may take, so that only a dead process leaves a reservation to expire.
GRACE = timedelta(minutes=5)

RESERVE = "SELECT runtime.reserve_spend($1, $2, $3, $4, $5, $6, $7, $8, $9)"
SETTLE = "SELECT runtime.settle_spend($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class PeriodLimits:
    """What may be spent per day and per month (UTC), in millionths of the currency; None: no limit."""

    day_micros: int | None = None
    month_micros: int | None = None


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """Every limit of the settings. `run_micros` holds for each run that brings no limit of its own."""

    shop: PeriodLimits = PeriodLimits()
    roles: Mapping[str, PeriodLimits] = field(default_factory=dict[str, PeriodLimits])
    run_micros: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """One budget that a call is paid from."""

    key: str
    kind: str
    limit_micros: int | None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money that is put aside for one attempt."""

    id: str
    amount_micros: int


class OverBudget(Conflict):
    """An account has no room for what the attempt may cost at most."""

    def __init__(self, account: str) -> None:
        super().__init__(
            "over_budget",
            f"The budget {account} has no room for this call.",
            next_step="Wait for the next period, or raise the limit in the models' settings.",
        )
        self.account = account


class Budgets:
    """The accounts of one shop. Everything that goes wrong here speaks against spending."""

    def __init__(self, database: Database, clock: Clock, limits: BudgetLimits) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits

    def accounts(self, call: ModelCall) -> tuple[Account, ...]:
        """The limited accounts that pay for a call: shop, role, run, and the runs that began it."""
        now = self._clock.now()
        found = _of_periods("shop", "shop", self._limits.shop, now)
        found += _of_periods(f"role/{call.role}", "role", self._limits.roles.get(call.role, PeriodLimits()), now)
        own = call.run_limit_micros if call.run_limit_micros is not None else self._limits.run_micros
        if call.run_id is not None and own is not None:
            found.append(Account(f"run/{call.run_id}", "run", own))
        # What a parent may spend may stand in its account already, from a call of its own.
        found += [Account(f"run/{run_id}", "run", self._limits.run_micros) for run_id in call.parent_run_ids]
        return tuple(found)

    def limits_money(self, call: ModelCall) -> bool:
        """Whether a limit may stand in the way of a call of unknown price."""
        return bool(self.accounts(call))

    async def reserve(
        self, reservation_id: str, call: ModelCall, *, call_id: str, route: str, amount_micros: int, seconds: float
    ) -> Reservation | None:
        """Puts the amount aside on every account, or raises `OverBudget` and changes nothing.

        None when nothing has to be reserved: the attempt costs nothing, or nobody limits it.
        """
        accounts = self.accounts(call)
        if amount_micros == 0 or not accounts:
            return None
        now = self._clock.now()
        async with self._database.connection() as connection:
            without_room = await connection.fetchval(
                RESERVE,
                reservation_id,
                call_id,
                route,
                amount_micros,
                now + timedelta(seconds=seconds) + GRACE,
                now,
                [account.key for account in accounts],
                [account.kind for account in accounts],
                [account.limit_micros for account in accounts],
            )
        if without_room is not None:
            raise OverBudget(without_room)
        return Reservation(reservation_id, amount_micros)

    async def settle(self, reservation: Reservation, cost_micros: int) -> None:
        """What the attempt cost in the end; the rest is free again."""
        async with self._database.connection() as connection:
            await connection.fetchval(SETTLE, reservation.id, cost_micros, self._clock.now())

    async def reconcile(self, reservation_id: str, cost_micros: int) -> None:
        """Somebody looked at the vendor's bill: what an expired reservation really cost."""
        async with self._database.connection() as connection:
            done = await connection.fetchval(SETTLE, reservation_id, cost_micros, self._clock.now())
        if not done:
            raise NotFound(
                "no_such_reservation",
                f"There is no open reservation {reservation_id[:64]}.",
                next_step="See `bottega models spend`.",
            )


async def account_rows(connection: Connection, *, now: datetime) -> list[dict[str, object]]:
    """The accounts of the current day and month, and the runs of the last day, the fullest first."""
    rows = await connection.fetch(
        """
        SELECT account, kind, limit_micros, spent_micros, reserved_micros FROM runtime.model_budgets
        WHERE account LIKE '%/day/' || $1 OR account LIKE '%/month/' || $2 OR (kind = 'run' AND changed_at > $3)
        ORDER BY kind DESC, spent_micros + reserved_micros DESC, account LIMIT 200
        """,
        f"{now:%Y-%m-%d}",
        f"{now:%Y-%m}",
        now - timedelta(days=1),
    )
    return [dict(row) for row in rows]


async def expired_rows(connection: Connection) -> list[dict[str, object]]:
    """Reservations that expired into spent and wait for somebody to compare them with the vendor's bill."""
    rows = await connection.fetch(
        """
        SELECT id, call_id, route, amount_micros, expired_at FROM runtime.model_reservations
        WHERE expired_at IS NOT NULL ORDER BY expired_at LIMIT 200
        """
    )
    return [dict(row) for row in rows]


def _of_periods(name: str, kind: str, limits: PeriodLimits, now: datetime) -> list[Account]:
    found: list[Account] = []
    if limits.day_micros is not None:
        found.append(Account(f"{name}/day/{now:%Y-%m-%d}", kind, limits.day_micros))
    if limits.month_micros is not None:
        found.append(Account(f"{name}/month/{now:%Y-%m}", kind, limits.month_micros))
    return found
