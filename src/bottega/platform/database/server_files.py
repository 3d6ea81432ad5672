"""Where the embedded server keeps its files, which of them are ours, and the locks between processes."""

import contextlib
import hashlib
import json
import os
import re
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bottega.kernel.errors import Conflict, Forbidden, Unavailable

PORT = 5432
SOCKET_NAME = f".s.PGSQL.{PORT}"
# sockaddr_un holds 104 bytes on macOS and 108 on Linux, the closing zero included.
SOCKET_PATH_BYTES_LIMIT = 100
MARKER_FORMAT = 1
MARKER_NAME = "bottega.json"
LOCK_NAMES = ("start.lock", "alive.lock")
SYSTEM_FOLDER = Path("/var/lib/bottega")
KEPT_LOG_FILES = 8
LEAST_CACHE_MEGABYTES, MOST_CACHE_MEGABYTES = 128, 1024
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")

CONFIGURATION = """\
# Written by bottega at every start. Put your own settings into local.conf beside this file: it is read last.
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket_directory}'
unix_socket_permissions = 0700
cluster_name = 'bottega'
max_connections = 100
shared_buffers = {cache_megabytes}MB
max_logical_replication_workers = 0
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
datestyle = 'iso, ymd'
lc_messages = 'C'
logging_collector = on
log_directory = 'log'
log_filename = 'server-%Y%m%d-%H%M%S.log'
log_file_mode = 0600
log_rotation_age = 1d
log_rotation_size = 10MB
log_checkpoints = off
log_line_prefix = '%m [%p] %q%a '
# The detail of an error quotes rows, and with them personal values that must not outlive a customer's leaving.
log_error_verbosity = terse
include_if_exists = 'local.conf'
"""

INPUT_WORKERS_SINCE = 18
NO_INPUT_WORKERS = """\
# Three processes fewer; a shop's reads come from memory.
io_method = sync
"""

# Before PostgreSQL recovers, it makes sure that all its files are on the disk. A file at a time, that is a thousand
# commands to the disk, 0.3 s when it is idle and 3 s beside others who write; one system call does it for all. Linux
# tells of failures in that call since 5.8.
WHOLE_SYNC_SINCE = (5, 8)
WHOLE_SYNC = """\
recovery_init_sync_method = syncfs
"""

HOST_RULES = """\
# Written by bottega: whoever can enter the socket's private folder may sign in, and there is no other way in.
local all all trust
"""


@dataclass(frozen=True)
class ServerFiles:
    """The places of one embedded server."""

    data_directory: Path
    home: Path
    socket_directory: Path

    @property
    def folder(self) -> Path:
        return folder_of(self.data_directory)

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def socket_file(self) -> Path:
        return self.socket_directory / SOCKET_NAME

    @property
    def startup_log(self) -> Path:
        return self.home / "startup.log"

    @property
    def start_lock(self) -> Path:
        return self.folder / LOCK_NAMES[0]

    @property
    def alive_lock(self) -> Path:
        """Held by every process of the running server, from its birth to its last child's death."""
        return self.folder / LOCK_NAMES[1]

    @property
    def log_file(self) -> Path:
        """The file the server writes to now; the start-up messages until there is one."""
        with contextlib.suppress(OSError):
            for line in (self.cluster / "current_logfiles").read_text().splitlines():
                kind, _, name = line.partition(" ")
                if kind == "stderr":
                    return self.cluster / name
        return self.startup_log


def folder_of(data_directory: Path) -> Path:
    return data_directory / "database"


def usual_home(data_directory: Path) -> Path:
    return folder_of(data_directory) / "server"


def system_home(data_directory: Path) -> Path:
    """Where the cluster lives when root must lend it to an account that cannot enter the data directory."""
    return SYSTEM_FOLDER / hashlib.sha256(os.fsencode(data_directory)).hexdigest()[:16]


def locate(data_directory: Path) -> ServerFiles | None:
    """The files of the server that was set up there, or None; writes nothing."""
    marker = _read_marker(data_directory)
    if marker is None:
        return None
    home = Path(marker["home"]) if marker["home"] else usual_home(data_directory)
    if home not in {usual_home(data_directory), system_home(data_directory)}:
        raise _not_ours(data_directory, f"its {MARKER_NAME} names {home} as the place of the cluster")
    sockets = Path(marker["socket_directory"]) if marker["socket_directory"] else home / "socket"
    return ServerFiles(data_directory, home, sockets)


def make_folder(data_directory: Path) -> None:
    """Create the private folder, or refuse one that holds somebody else's files. Changes no existing mode."""
    folder = folder_of(data_directory)
    try:
        for place in (data_directory, folder):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            "data_directory_not_writable",
            f"{folder} cannot be made: {error.strerror}.",
            next_step="Choose another data directory with BOTTEGA_DATA_DIR.",
        ) from error
    if not (folder / LOCK_NAMES[0]).exists():
        # Before a lock file of ours goes in. Where there is one, the holder of the lock looks again.
        refuse_foreign(data_directory)


def refuse_foreign(data_directory: Path) -> None:
    """Refuse a folder with files in it that bottega did not make."""
    folder = folder_of(data_directory)
    foreign = sorted(entry.name for entry in folder.iterdir() if not _is_ours_by_name(entry.name))
    # Looked for after the listing, because another process may be writing the marker, and then the rest, just now.
    if foreign and not (folder / MARKER_NAME).exists():
        raise _not_ours(data_directory, f"it holds {', '.join(foreign[:3])} and no {MARKER_NAME}")


def write_marker(data_directory: Path, home: Path, socket_directory: Path) -> ServerFiles:
    """Say, in one atomic step, that this folder is ours and where its parts are."""
    record = {
        "format": MARKER_FORMAT,
        "home": "" if home == usual_home(data_directory) else str(home),
        "socket_directory": "" if socket_directory == home / "socket" else str(socket_directory),
    }
    folder = folder_of(data_directory)
    draft = folder / f".{MARKER_NAME}.draft"
    draft.write_text(json.dumps(record) + "\n")
    draft.replace(folder / MARKER_NAME)
    return ServerFiles(data_directory, home, socket_directory)


def make_system_folder() -> Path:
    """The folder for what root lends to another account; everybody may enter it, nobody else may write."""
    if not SYSTEM_FOLDER.exists():
        SYSTEM_FOLDER.mkdir(parents=True)
        SYSTEM_FOLDER.chmod(0o755)
    return SYSTEM_FOLDER


def choose_socket_directory(home: Path) -> Path:
    """Beside the cluster where its path is short enough, else a private folder for temporary files."""
    beside = home / "socket"
    if len(os.fsencode(beside / SOCKET_NAME)) <= SOCKET_PATH_BYTES_LIMIT:
        return beside
    base = tempfile.gettempdir()
    if len(os.fsencode(base)) > SOCKET_PATH_BYTES_LIMIT // 2:
        base = "/tmp"  # noqa: S108 (mkdtemp makes a private folder below it)
    return Path(tempfile.mkdtemp(prefix="bottega-", dir=base))


def remove_socket(files: ServerFiles) -> None:
    """Remove the socket and its folder; a folder with anything else in it stays."""
    with contextlib.suppress(OSError):
        for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (files.socket_directory / name).unlink(missing_ok=True)
        files.socket_directory.rmdir()


def is_private(directory: Path, owner_id: int) -> bool:
    """A real folder of this owner that nobody else may enter."""
    try:
        found = directory.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner_id and stat.S_IMODE(found.st_mode) & 0o077 == 0


def write_configuration(files: ServerFiles) -> None:
    """Bring the cluster's two configuration files to what this version of bottega wants."""
    quoted = str(files.socket_directory).replace("'", "''")
    text = CONFIGURATION.format(port=PORT, socket_directory=quoted, cache_megabytes=cache_megabytes())
    if int((files.cluster / "PG_VERSION").read_text()) >= INPUT_WORKERS_SINCE:
        text = NO_INPUT_WORKERS + text
    if syncs_whole():
        text = WHOLE_SYNC + text
    _write_if_different(files.cluster / "postgresql.conf", text)
    _write_if_different(files.cluster / "pg_hba.conf", HOST_RULES)


def syncs_whole() -> bool:
    """Whether this machine's kernel writes a whole file system out reliably."""
    if sys.platform != "linux":
        return False
    numbers = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= WHOLE_SYNC_SINCE


def cache_megabytes() -> int:
    """How much the server may keep of its files: an eighth of the memory, 128 MB to 1 GB; taken as it is used."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        # A container's own limit, which is "max" where it has none.
        memory = min(memory, int(CONTAINER_LIMIT.read_text()))
    return max(LEAST_CACHE_MEGABYTES, min(memory // 8 // 2**20, MOST_CACHE_MEGABYTES))


def prune_logs(files: ServerFiles) -> None:
    """Keep the newest log files; each holds at most about 10 MB or one day."""
    with contextlib.suppress(OSError):
        for old in sorted((files.cluster / "log").glob("server-*.log"))[:-KEPT_LOG_FILES]:
            old.unlink(missing_ok=True)


def postmaster_entry(cluster: Path) -> tuple[int, str] | None:
    """Process id and status word of postmaster.pid, or None when there is none or it is half written."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), lines[7].strip() if len(lines) > 7 else "starting"
    except (OSError, ValueError, IndexError):
        return None


def _read_marker(data_directory: Path) -> dict[str, Any] | None:
    path = folder_of(data_directory) / MARKER_NAME
    try:
        record = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise another_users(path) from error
    except ValueError as error:
        raise _not_ours(data_directory, f"its {MARKER_NAME} is not JSON") from error
    known = cast("dict[str, Any]", record) if isinstance(record, dict) else {}
    if known.get("format") != MARKER_FORMAT:
        raise _not_ours(data_directory, f"its {MARKER_NAME} is not of format {MARKER_FORMAT}")
    return {"home": "", "socket_directory": "", **known}


def another_users(path: Path) -> Forbidden:
    return Forbidden(
        "database_of_another_user",
        f"{path} belongs to another user.",
        next_step="Run this as that user, or choose another BOTTEGA_DATA_DIR.",
    )


def _is_ours_by_name(name: str) -> bool:
    return name in LOCK_NAMES or name == f".{MARKER_NAME}.draft"


def _not_ours(data_directory: Path, reason: str) -> Conflict:
    return Conflict(
        "not_our_directory",
        f"{folder_of(data_directory)} is not a bottega database: {reason}.",
        next_step="Choose another data directory with BOTTEGA_DATA_DIR.",
    )


def _write_if_different(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
