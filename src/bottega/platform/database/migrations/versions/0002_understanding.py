"""Search that understands, and agents: every file of `sql/0002/`, in the order of the names."""

from bottega.platform.database.migrations.sql_files import run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(revision)
