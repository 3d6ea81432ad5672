"""Our SQL against pgqueuer's own idea of its tables: a new version that wants something else shows here."""

import re
from typing import Any

from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence import qb
from pgqueuer.adapters.persistence.queries import Queries

from bottega.platform.jobs.names import queue_settings

# What 80_jobs.sql leaves out on purpose: the notifying trigger, and indexes that only the dashboard reads.
LEFT_OUT = {
    "pgqueuer_log_created",
    "pgqueuer_log_not_aggregated",
    "pgqueuer_log_status",
    "pgqueuer_priority_id_id1_idx",
    "pgqueuer_updated_id_id1_idx",
    "fn_pgqueuer_changed",
    "tg_pgqueuer_changed",
}


async def test_only_what_we_left_out_is_missing(connection: Any) -> None:
    settings = queue_settings()
    queries = Queries(AsyncpgDriver(connection), qbe=qb.QueryBuilderEnvironment(settings))
    plan = await queries.plan_upgrade()
    created = [
        re.match(
            r"CREATE (?:OR REPLACE )?(?:UNIQUE )?(?:INDEX|FUNCTION|TRIGGER) (?:IF NOT EXISTS )?([a-z0-9_.]+)", text
        )
        for text in plan.statements
    ]
    names = [match.group(1).removeprefix("platform.") if match else "?" for match in created]
    assert set(names) == LEFT_OUT, "\n".join(plan.statements)


async def test_enqueueing_notifies_nobody_by_itself(connection: Any) -> None:
    triggers = await connection.fetchval(
        "SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('platform.jobs'::regclass, 'platform.pgqueuer'::regclass)"
    )
    assert triggers == 0
