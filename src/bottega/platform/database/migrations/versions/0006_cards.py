"""Cards beside the rows that conditions are held against: every file of `sql/0006/`, in the order of the names."""

from bottega.platform.database.migrations.sql_files import run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(revision)
