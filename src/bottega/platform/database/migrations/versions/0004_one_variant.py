"""What a product with a single variant is known by: every file of `sql/0004/`, in the order of the names."""

from bottega.platform.database.migrations.sql_files import run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run(revision)
