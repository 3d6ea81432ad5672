"""The names under which pgqueuer finds its tables in our schema."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgqueuer.adapters.persistence.qb import DBSettings

SCHEMA = "platform"
CHANNEL = "ch_pgqueuer"
QUEUE_TABLE = "pgqueuer"


def queue_settings() -> "DBSettings":
    """Every name spelled out: pgqueuer would take them from the environment otherwise (`CHANNEL`, `FUNCTION`, …)."""
    from pgqueuer.adapters.persistence.qb import DBSettings

    return DBSettings.model_validate(
        {
            "prefix": "",
            "db_schema": SCHEMA,
            "channel": CHANNEL,
            "function": "fn_pgqueuer_changed",
            "statistics_table": "pgqueuer_statistics",
            "queue_status_type": "pgqueuer_status",
            "queue_table": QUEUE_TABLE,
            "queue_table_log": "pgqueuer_log",
            "trigger": "tg_pgqueuer_changed",
            "schedules_table": "pgqueuer_schedules",
            "durability": "durable",
        }
    )
