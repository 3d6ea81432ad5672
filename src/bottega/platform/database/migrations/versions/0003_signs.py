"""What products are searched by, in one column: every file of `sql/0003/`, in the order of the names."""

from bottega.platform.database.migrations.sql_files import run

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(revision)
