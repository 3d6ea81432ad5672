"""Alembic's entry: runs the revisions on the connection that `migrate()` hands over."""

from typing import Any

from alembic import context

from bottega.kernel.errors import Invalid


def run_migrations() -> None:
    connection: Any = context.config.attributes.get("connection")
    if connection is None:
        raise Invalid(
            "migrations_need_a_connection",
            "The migrations are not run with the alembic command.",
            next_step="They run at every start of bottega; `bottega db start` is enough.",
        )
    context.configure(connection=connection, version_table_schema="platform", transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


run_migrations()
