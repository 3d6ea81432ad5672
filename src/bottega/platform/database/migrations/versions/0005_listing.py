"""What is listed without words, and counted between prices: every file of `sql/0005/`, in the order of the names."""

from bottega.platform.database.migrations.sql_files import run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(revision)
