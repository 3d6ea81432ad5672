"""The SQL files of the revisions: which there are, what their texts hash to, and how they are run."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SQL_FOLDER = FOLDER / "sql"
FIRST_REVISION = "0001"

RECORD = """
INSERT INTO platform.schema_version (revision, digest) VALUES ($1, $2)
ON CONFLICT (only_row) DO UPDATE SET revision = excluded.revision, digest = excluded.digest, changed_at = now()
"""


def revisions() -> tuple[str, ...]:
    """Every revision in order. A revision's id is the number its file name starts with."""
    return tuple(sorted(path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*_*.py")))


def files_of(revision: str) -> tuple[Path, ...]:
    """The files of a revision in the order of their names: `sql/*.sql` for the first, else `sql/<revision>/*.sql`."""
    folder = SQL_FOLDER if revision == FIRST_REVISION else SQL_FOLDER / revision
    return tuple(sorted(folder.glob("*.sql")))


def digest(revision: str) -> str:
    """SHA-256 over the name and text of every file up to and including this revision's, in order."""
    total = hashlib.sha256()
    for earlier in revisions():
        for path in files_of(earlier):
            text = path.read_bytes()
            total.update(f"{earlier}/{path.name} {len(text)}\n".encode() + text)
        if earlier == revision:
            break
    return total.hexdigest()


def run(revision: str) -> None:
    """Run a revision's files inside Alembic's transaction.

    A file holds many statements and function bodies, so it goes to the server as it is, in the simple protocol,
    around SQLAlchemy and its parameters. The database then says which texts it was made from.
    """
    # Imported here because a database that is up to date must not pay for loading Alembic.
    from alembic import op

    bind = op.get_bind()
    # The driver's adapter opens its transaction with the first statement that passes through it.
    bind.exec_driver_sql("SELECT 1")
    adapted = bind.connection.dbapi_connection
    assert adapted is not None
    for path in files_of(revision):
        text = path.read_text(encoding="utf-8")
        try:
            adapted.run_async(_executor(text))
        except Exception as error:
            error.add_note(f"while running {path.name} of revision {revision}")
            raise
    # In the same transaction as the change it describes.
    bind.exec_driver_sql(RECORD, (revision, digest(revision)))


def _executor(text: str) -> Callable[[Any], Awaitable[Any]]:
    return lambda connection: connection.execute(text)
