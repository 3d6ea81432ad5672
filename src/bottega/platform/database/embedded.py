"""The PostgreSQL server that comes with the package: start it, find it, stop it, remove it."""

import os
import shutil
import signal
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from bottega.kernel.errors import Conflict, Unavailable
from bottega.platform.database import file_locks, server_account, server_files, server_probe, server_process
from bottega.platform.database.server_files import ServerFiles

DATABASE = "bottega"
START_TIMEOUT_SECONDS = 120.0
STOP_PATIENCE = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
RECOVERY_PATIENCE_SECONDS = 20.0
LOCK_TIMEOUT_SECONDS = 180.0
ORPHANS_PATIENCE_SECONDS = 3.0
STOPPING_PATIENCE_SECONDS = 30.0
UNREACHABLE_PATIENCE_SECONDS = 5.0
STUCK_PATIENCE_SECONDS = 6.0
LAUNCHES_LIMIT = 3
LAUNCH_AGAIN_SECONDS = 0.5
PAUSE_SECONDS = 0.01
PROBE_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Server:
    """A running server. `notice` is for a person and empty when there is nothing to say."""

    dsn: str
    process_id: int
    data_directory: Path
    version: str
    log_file: Path
    notice: str = ""


@dataclass(frozen=True)
class ServerStatus:
    """`starting` also stands for a server that is recovering or shutting down; `server` only when it runs."""

    state: Literal["running", "starting", "stopped", "not_created"]
    data_directory: Path
    server: Server | None = None


def start(data_directory: Path, *, major_version: int | None = None) -> Server:
    """The running server of this data directory, made and started if need be.

    `major_version` chooses among the versions the wheel carries when the cluster is made; None is the newest.
    Safe for any number of processes at once, and after the sudden death of any of them or of the server.
    The server is detached: it goes on running when the caller ends.
    """
    data_directory = _checked(data_directory)
    files = server_files.locate(data_directory)
    if files is not None and (server := _reach(files)) is not None:
        return server
    server_files.make_folder(data_directory)
    with _operations_lock(data_directory, "start") as handle:
        return _Starter(data_directory, handle, major_version).run()


def stop(data_directory: Path) -> bool:
    """End the server: politely, then firmly. True when one was running. Data stays."""
    data_directory = _checked(data_directory)
    if server_files.locate(data_directory) is None:
        return False
    with _operations_lock(data_directory, "stop"):
        files = server_files.locate(data_directory)
        return files is not None and _end(files)


def status(data_directory: Path) -> ServerStatus:
    """What is there now; changes nothing."""
    data_directory = _checked(data_directory)
    files = server_files.locate(data_directory)
    if files is None or not files.cluster.exists():
        return ServerStatus("not_created", data_directory)
    if (server := _reach(files)) is not None:
        return ServerStatus("running", data_directory, server)
    return ServerStatus("starting" if _postmaster(files) else "stopped", data_directory)


def has_crashed(data_directory: Path) -> bool:
    """Whether the server has ended without being stopped: it has left its entry behind. Asks nobody, costs nothing."""
    files = server_files.locate(data_directory)
    if files is None:
        return False
    entry = server_files.postmaster_entry(files.cluster)
    return entry is not None and not server_process.is_postmaster(entry[0], files.cluster)


def reset(data_directory: Path) -> bool:
    """Stop the server and delete its data for good. Refuses a folder that bottega did not make."""
    data_directory = _checked(data_directory)
    folder = server_files.folder_of(data_directory)
    if server_files.locate(data_directory) is None:
        if folder.exists():
            server_files.refuse_foreign(data_directory)
        return False
    with _operations_lock(data_directory, "reset"):
        files = server_files.locate(data_directory)
        if files is None:
            return False
        _end(files)
        if files.home.exists():
            server_files.remove_socket(files)
            shutil.rmtree(files.home)
        (folder / server_files.MARKER_NAME).unlink()
        return True


class _Starter:
    """One attempt to bring a server up, made while holding the lock between processes."""

    def __init__(self, data_directory: Path, lock_handle: int, major_version: int | None) -> None:
        self.lock_handle = lock_handle
        self.major_version = major_version
        self.files = _settle(data_directory)
        self.began = time.monotonic()
        self.seen_recovering_at = self.began
        self.orphaned_since: float | None = None
        self.launches = 0

    def run(self) -> Server:
        while time.monotonic() - self.began < START_TIMEOUT_SECONDS:
            found = _probe(self.files)
            if found.state == "database_missing":
                server_probe.execute(self.files.socket_file, "postgres", f'CREATE DATABASE "{DATABASE}"')
                continue
            if found.state in {"ready", "full"} and (server := _describe(self.files, found)):
                return server
            self._advance(found)
            time.sleep(PAUSE_SECONDS)
        raise Unavailable(
            "database_not_ready",
            f"The database in {self.files.home} did not answer within {START_TIMEOUT_SECONDS:.0f} s:"
            f" {server_process.last_lines(self.files.log_file)}",
            next_step=f"It may still be recovering: see {self.files.log_file} and try again.",
            retry_after_seconds=10.0,
        )

    def _advance(self, found: server_probe.Probe) -> None:
        """Nothing answers yet: launch when no process is left of an earlier server, else wait or clear up."""
        alive = file_locks.try_lock(self.files.alive_lock)
        if alive is None:
            self._wait_for_living(found)
            return
        try:
            if not _postmaster(self.files):
                self._launch(alive)
        finally:
            file_locks.release(alive)

    def _launch(self, alive_handle: int) -> None:
        if self.launches == LAUNCHES_LIMIT:
            raise Unavailable(
                "database_does_not_start",
                f"PostgreSQL ended {self.launches} times while starting:"
                f" {server_process.last_lines(self.files.log_file)}.",
                next_step=f"See {self.files.startup_log} and {self.files.log_file}.",
            )
        time.sleep(LAUNCH_AGAIN_SECONDS * self.launches)
        self.launches += 1
        programs = server_process.programs_for(self.files.cluster, self.major_version)
        account = server_account.choose(self.files, programs)
        is_new = not self.files.cluster.exists()
        if is_new and account.user_id is not None:
            self.files = server_account.lend_home(self.files, account)
        programs = server_account.reachable_programs(account, programs)
        if is_new:
            server_process.make_cluster(self.files, account, programs, lock_handle=self.lock_handle)
        server_files.write_configuration(self.files)
        server_files.prune_logs(self.files)
        server_process.launch(self.files, account, programs, alive_handle=alive_handle)

    def _wait_for_living(self, found: server_probe.Probe) -> None:
        now = time.monotonic()
        if not _postmaster(self.files):
            self.orphaned_since = self.orphaned_since or now
            if now - self.orphaned_since > ORPHANS_PATIENCE_SECONDS:
                server_process.end_remaining(self.files.cluster)
            return
        self.orphaned_since = None
        entry = server_files.postmaster_entry(self.files.cluster)
        if entry is None:
            return
        waited_seconds = now - self.began
        # Somebody removed the socket: only a new start brings it back.
        is_unreachable = found.state == "absent" and entry[1] == "ready"
        if entry[1] == "stopping":
            # Whoever asked it to stop has gone, and it does not end by itself.
            is_stuck = waited_seconds > STOPPING_PATIENCE_SECONDS
        else:
            # Its recovering process was killed, and it waits for it for ever.
            # Looking through all processes takes about as long as the pause, and the recovery needs the processor.
            is_time_to_look = now - self.seen_recovering_at > STUCK_PATIENCE_SECONDS / 6
            if found.state != "not_yet" or (is_time_to_look and server_process.is_recovering(self.files.cluster)):
                self.seen_recovering_at = now
            is_stuck = now - self.seen_recovering_at > STUCK_PATIENCE_SECONDS
        if is_stuck or (is_unreachable and waited_seconds > UNREACHABLE_PATIENCE_SECONDS):
            _end(self.files)


def _settle(data_directory: Path) -> ServerFiles:
    """The places of this server, decided once and written down; the private folders exist afterwards."""
    files = server_files.locate(data_directory)
    if files is None:
        server_files.refuse_foreign(data_directory)
    if files is None or not files.home.exists():
        home = server_files.usual_home(data_directory)
        # The marker comes first: whatever a sudden death leaves behind is known to be ours.
        files = server_files.write_marker(data_directory, home, home / "socket")
    files.home.mkdir(mode=0o700, exist_ok=True)
    owner = files.home.stat()
    if not server_files.is_private(files.socket_directory, owner.st_uid):
        sockets = server_files.choose_socket_directory(files.home)
        sockets.mkdir(mode=0o700, exist_ok=True)
        if sockets.stat().st_uid != owner.st_uid:
            os.chown(sockets, owner.st_uid, owner.st_gid)
        files = server_files.write_marker(data_directory, files.home, sockets)
    return files


def _reach(files: ServerFiles) -> Server | None:
    """The server, when it answers and everything is in place."""
    found = _probe(files)
    return _describe(files, found) if found.state in {"ready", "full"} else None


def _probe(files: ServerFiles) -> server_probe.Probe:
    return server_probe.probe(files.socket_file, DATABASE, timeout_seconds=PROBE_TIMEOUT_SECONDS)


def _describe(files: ServerFiles, found: server_probe.Probe) -> Server | None:
    entry = server_files.postmaster_entry(files.cluster)
    if entry is None:
        return None
    version = found.version or (files.cluster / "PG_VERSION").read_text().strip()
    host = quote(str(files.socket_directory), safe="/")
    dsn = f"postgresql://{server_probe.USER}@/{DATABASE}?host={host}&port={server_files.PORT}"
    return Server(dsn, entry[0], files.data_directory, version, files.log_file, server_account.notice(files))


def _postmaster(files: ServerFiles) -> int:
    """The process id of the live server of this cluster, or 0."""
    entry = server_files.postmaster_entry(files.cluster)
    return entry[0] if entry and server_process.is_postmaster(entry[0], files.cluster) else 0


def _end(files: ServerFiles) -> bool:
    process_id = _postmaster(files)
    if not process_id:
        if _probe(files).state in {"ready", "full"}:
            raise Conflict(
                "database_in_another_container",
                f"The server of {files.cluster} answers, but its processes are not visible from here.",
                next_step="Stop it in the container that started it.",
            )
        server_process.end_remaining(files.cluster)
        return False
    steps = STOP_PATIENCE if _wait_for_recovery(files, process_id) else STOP_PATIENCE[1:]
    for number, patience_seconds in steps:
        server_process.send(process_id, number)
        if number is signal.SIGKILL:
            server_process.end_remaining(files.cluster)
        deadline = time.monotonic() + patience_seconds
        while time.monotonic() < deadline:
            if _has_ended(files, process_id):
                return True
            time.sleep(PAUSE_SECONDS)
    raise Unavailable(
        "database_does_not_stop",
        f"The server process {process_id} of {files.cluster} is still there after SIGKILL.",
        next_step="The machine's storage may hang: look at the kernel's messages.",
    )


def _wait_for_recovery(files: ServerFiles, process_id: int) -> bool:
    """False when the recovery has lost its process and a polite request to stop would go unheard.

    Two traits of PostgreSQL 18: a polite request that arrives during recovery may never be obeyed, and a server
    whose recovering process was killed waits for it for ever.
    """
    deadline = time.monotonic() + RECOVERY_PATIENCE_SECONDS
    seen_recovering_at = time.monotonic()
    while time.monotonic() < deadline and server_process.is_postmaster(process_id, files.cluster):
        entry = server_files.postmaster_entry(files.cluster)
        if entry is None or entry[1] == "stopping" or _probe(files).state != "not_yet":
            return True
        if server_process.is_recovering(files.cluster):
            seen_recovering_at = time.monotonic()
        elif time.monotonic() - seen_recovering_at > STUCK_PATIENCE_SECONDS:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def _has_ended(files: ServerFiles, process_id: int) -> bool:
    return not server_process.is_postmaster(process_id, files.cluster) and not _is_alive(files)


def _is_alive(files: ServerFiles) -> bool:
    """Whether any process of the server holds the lock they all inherit."""
    handle = file_locks.try_lock(files.alive_lock)
    if handle is None:
        return True
    file_locks.release(handle)
    return False


def _operations_lock(data_directory: Path, verb: str) -> AbstractContextManager[int]:
    lock_file = server_files.folder_of(data_directory) / server_files.LOCK_NAMES[0]
    return file_locks.held(lock_file, timeout_seconds=LOCK_TIMEOUT_SECONDS, purpose=verb)


def _checked(data_directory: Path) -> Path:
    if sys.platform == "win32":
        raise Unavailable(
            "embedded_database_not_on_windows",
            "The embedded database runs on Linux and macOS only.",
            next_step="Set DATABASE_URL to a PostgreSQL 16 or newer with pgvector.",
        )
    resolved = data_directory.expanduser().resolve()
    try:
        is_usable = resolved.is_dir() or not resolved.exists()
    except PermissionError as error:
        raise server_files.another_users(resolved) from error
    if not is_usable:
        raise Conflict("not_our_directory", f"{resolved} is a file.", next_step="Choose another BOTTEGA_DATA_DIR.")
    return resolved
