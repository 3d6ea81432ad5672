"""Where the embedder process keeps its socket, its lock and its log, and who may enter."""

import contextlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bottega.connectors.minilm.identity import MiniLm
from bottega.kernel.errors import Unavailable
from bottega.platform.database.server_files import SOCKET_PATH_BYTES_LIMIT, is_private
from bottega.ports.embedder import meaning_is_away

LARGEST_LOG_BYTES = 1 << 20
SOCKET_NAME = "socket"


@dataclass(frozen=True, slots=True)
class ProcessFiles:
    """The places of one embedder process."""

    folder: Path
    key: str

    @property
    def lock(self) -> Path:
        """Held by the process from before its birth to its death, however it dies; holds its process id."""
        return self.folder / f"{self.key}.lock"

    @property
    def socket(self) -> Path:
        """The socket, or a link to it where the path would be too long for one."""
        return self.folder / f"{self.key}.socket"

    @property
    def log(self) -> Path:
        return self.folder / "embedder.log"


def locate(setup: MiniLm) -> ProcessFiles:
    """The places; makes nothing."""
    return ProcessFiles(setup.data_directory.expanduser().resolve() / "embedder", setup.process_key)


def make_folder(files: ProcessFiles) -> None:
    """The private folder of the socket."""
    try:
        files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = files.folder.stat()
        if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) & 0o077:
            files.folder.chmod(0o700)
    except OSError as error:
        raise meaning_is_away(
            "embedder_folder_not_writable",
            f"its folder cannot be made ({error.strerror}).",
            next_step=f"Make {files.folder} writable, or choose another BOTTEGA_DATA_DIR.",
        ) from error
    if status.st_uid != os.geteuid():
        raise foreign(files)


def connectable(files: ProcessFiles) -> str:
    """The path to connect to: short enough for a socket. Raises FileNotFoundError when there is none."""
    with contextlib.suppress(OSError):
        return str(files.socket.readlink())
    # A socket is never made at a path too long for one, so whatever stands there is none.
    if not files.socket.exists() or len(os.fsencode(files.socket)) > SOCKET_PATH_BYTES_LIMIT:
        raise FileNotFoundError(files.socket)
    return str(files.socket)


def place_socket(files: ProcessFiles) -> Path:
    """Where the process that holds the lock makes its socket; what an earlier one left is removed."""
    remove_socket(files)
    if len(os.fsencode(files.socket)) <= SOCKET_PATH_BYTES_LIMIT:
        return files.socket
    place = Path(tempfile.mkdtemp(prefix="bottega-", dir=_short_temporary_folder())) / SOCKET_NAME
    files.socket.symlink_to(place)
    return place


def remove_socket(files: ProcessFiles) -> None:
    """Remove the socket, and the private folder it may be linked to."""
    with contextlib.suppress(OSError):
        place = files.socket.readlink()
        if place.name == SOCKET_NAME and is_private(place.parent, os.geteuid()):
            shutil.rmtree(place.parent, ignore_errors=True)
    files.socket.unlink(missing_ok=True)


def open_log(files: ProcessFiles) -> int:
    """A handle to append to the log; one older log is kept."""
    with contextlib.suppress(FileNotFoundError):
        if files.log.stat().st_size > LARGEST_LOG_BYTES:
            files.log.replace(files.log.with_suffix(".log.1"))
    return os.open(files.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def process_id(files: ProcessFiles) -> int:
    """The process id written in the lock file, or 0."""
    try:
        return int(files.lock.read_text())
    except (OSError, ValueError):
        return 0


def foreign(files: ProcessFiles) -> Unavailable:
    return meaning_is_away(
        "embedder_of_another_user",
        "its folder belongs to another user.",
        next_step=f"Run this as the owner of {files.folder}, or choose another BOTTEGA_DATA_DIR.",
    )


def _short_temporary_folder() -> str:
    usual = tempfile.gettempdir()
    is_short = len(os.fsencode(usual)) <= SOCKET_PATH_BYTES_LIMIT // 2
    return usual if is_short else "/tmp"  # noqa: S108 - mkdtemp makes a private folder below it
