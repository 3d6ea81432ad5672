"""Starting the embedder process so that there is only ever one, and ending it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bottega.connectors.minilm import process_files
from bottega.connectors.minilm.identity import MiniLm
from bottega.connectors.minilm.process_files import ProcessFiles
from bottega.kernel.errors import Unavailable
from bottega.platform.database.file_locks import release, try_lock
from bottega.platform.database.server_process import command_of
from bottega.ports.embedder import meaning_is_away

MODULE = "bottega.connectors.minilm"
# Starts the process in the background and leaves, so that it is nobody's child and no caller's zombie.
DETACHED = ("/bin/sh", "-c", '"$@" &', "sh")
LAUNCH_TIMEOUT_SECONDS = 30.0
END_PATIENCE_SECONDS = 3.0
PAUSE_SECONDS = 0.02


def launch(setup: MiniLm) -> bool:
    """Start the process unless there is one or somebody is starting it just now; True when this call did.

    The lock is taken here and inherited by the process, which holds it as long as it lives: between the two moments
    nobody else can take it, and after a sudden death the kernel gives it back.
    """
    if sys.platform == "win32":
        raise meaning_is_away("embedder_not_on_windows", "the language model's process runs on Linux and macOS only.")
    files = process_files.locate(setup)
    process_files.make_folder(files)
    lock = try_lock(files.lock)
    if lock is None:
        return False
    output = process_files.open_log(files)
    try:
        subprocess.run(  # noqa: S603 - our own module
            [*DETACHED, sys.executable, "-P", "-m", MODULE, setup.to_json(), str(lock)],
            check=True,
            pass_fds=(lock,),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=_environment(),
            start_new_session=True,
            timeout=LAUNCH_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise meaning_is_away(
            "embedder_not_started",
            f"the language model's process could not be started ({type(error).__name__}).",
            next_step=f"See {files.log}.",
        ) from error
    finally:
        release(lock)
        os.close(output)
    return True


def is_alive(files: ProcessFiles) -> bool:
    """Whether a process lives or is being started."""
    if not files.lock.exists():
        return False
    lock = try_lock(files.lock)
    if lock is None:
        return True
    release(lock)
    return False


def await_end(files: ProcessFiles, patience_seconds: float = END_PATIENCE_SECONDS) -> bool:
    """Waits until the process has gone; False when it has not by then."""
    deadline = time.monotonic() + patience_seconds
    while is_alive(files):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def kill(files: ProcessFiles) -> None:
    """Ends a process that does not listen. Raises `Unavailable` when it cannot be found."""
    number = process_files.process_id(files)
    if number <= 1 or MODULE not in command_of(number):
        raise Unavailable(
            "embedder_not_found",
            f"A process holds {files.lock}, and it is not the one written there.",
            next_step=f"Look who holds it (fuser {files.lock}).",
        )
    with contextlib.suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)


def _environment() -> dict[str, str]:
    """What the process needs of ours; keys and passwords of the shop are not its business."""
    source = str(Path(__file__).resolve().parents[3])
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    names = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "VIRTUAL_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR")
    libraries = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
    wanted = {*names, *libraries, *proxies, *(name.lower() for name in proxies)}
    kept = {name: value for name, value in os.environ.items() if name in wanted}
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
