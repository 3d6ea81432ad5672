"""Backups of the whole database into one file, and their restoration beside it, by PostgreSQL's own programs."""

import os
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from bottega.kernel.errors import Conflict, Invalid, Unavailable
from bottega.platform.database import scratch, server_process

TIMEOUT_SECONDS = 6 * 3600.0
SHOWN_CHARACTERS = 1500


def back_up(dsn: str, path: Path) -> int:
    """Writes a consistent copy while the shop goes on; returns its size in bytes. The file is for its owner alone."""
    if path.exists():
        raise Conflict("backup_exists", f"There is a file {path} already.", next_step="Choose another name.")
    draft = path.with_name(path.name + ".part")
    address, environment = _without_password(dsn)
    try:
        draft.touch(mode=0o600)
        _run("pg_dump", ["--format=custom", "--no-owner", "--file", str(draft), "--dbname", address], environment)
        draft.replace(path)
    except OSError as error:
        raise Invalid("backup_not_written", f"{path} cannot be written: {error}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return path.stat().st_size


async def restore_backup(dsn: str, path: Path, name: str) -> str:
    """Makes a new database of that name on the server of `dsn` out of a backup; returns its dsn."""
    if not path.is_file():  # noqa: ASYNC240 - one look at the disk
        raise Invalid("no_such_backup", f"There is no file {path}.", next_step="Name a file of `bottega db backup`.")
    restored = await scratch.create_database(dsn, name)
    address, environment = _without_password(restored)
    try:
        _run("pg_restore", ["--no-owner", "--exit-on-error", "--dbname", address, str(path)], environment)
    except BaseException:
        await scratch.drop_database(dsn, name)
        raise
    return restored


def _run(program: str, arguments: list[str], environment: dict[str, str]) -> None:
    command = [str(server_process.newest_programs() / program), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{program}_too_slow", f"{program} did not end within 6 hours.") from error
    if done.returncode != 0:
        raise Unavailable(
            f"{program}_failed",
            f"{program} failed: {done.stderr[-SHOWN_CHARACTERS:].strip()}",
            next_step="See what PostgreSQL says, then try again.",
        )


def _without_password(dsn: str) -> tuple[str, dict[str, str]]:
    """The address without its password, which every list of processes would show, and the environment with it."""
    parts = urlsplit(dsn)
    environment = dict(os.environ)
    if parts.password is None:
        return dsn, environment
    environment["PGPASSWORD"] = unquote(parts.password)
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}")), environment
