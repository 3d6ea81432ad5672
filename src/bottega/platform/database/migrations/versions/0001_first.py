"""The first schema: every file of `sql/`, in the order of the names."""

from bottega.platform.database.migrations.sql_files import run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(revision)
