"""Running suites over a copy of the source, with one database server for all runs where the fault lets it be shared."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bottega.platform.database import embedded
from bottega.proof.kill.shop_processes import temporary_directory

COPIED = ("src", "tests", "docs", "examples", "benchmarks", "pyproject.toml", "README.md", "CHANGELOG.md")
# What `tests/conftest.py` calls the directory of its server; set beforehand, it is kept when the tests are over.
DIRECTORY_VARIABLE = "BOTTEGA_TEST_SESSION_DIRECTORY"
# A fault in here may change the template database or the server that the others share.
OF_THE_DATABASE = "src/bottega/platform/database/"
ENDING_SECONDS = 20
# The others only take time to load, more than many a suite takes to run.
PLUGINS = ("-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider")


class SuiteRunner:
    """One copy of the source."""

    def __init__(self, directory: Path, database: Path) -> None:
        self.directory, self._database = directory, database
        self._compiled = directory.parent / "compiled"

    def forget_compiled(self, files: Iterable[str]) -> None:
        """Takes away what was compiled of these files.

        A fault as long as what it replaces, within one second, would leave the compiled file valid.
        """
        for file in files:
            source = self.directory / file
            kept = self._compiled / source.parent.relative_to(source.anchor)
            for compiled in kept.glob(f"{source.stem}.*.pyc"):
                compiled.unlink(missing_ok=True)

    def run(
        self, suites: Sequence[str], timeout_seconds: float, *, changed: Iterable[str] = ()
    ) -> tuple[int | None, str]:
        """Exit code and output of pytest, which ends at the first failure; no code when it took too long.

        `changed` files of the copy say whether the shared database still fits.
        """
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", *PLUGINS, *suites]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOTTEGA_", "DATABASE_URL"))}
        # Before the installed package, which is the tree itself.
        environment = {
            **kept,
            "PYTHONPATH": str(self.directory / "src"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPYCACHEPREFIX": str(self._compiled),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if not any(file.startswith(OF_THE_DATABASE) for file in changed):
            environment[DIRECTORY_VARIABLE] = str(self._database)
        process = subprocess.Popen(  # noqa: S603 - our own tests
            command,
            cwd=self.directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            return None, ""
        return process.returncode, output


@contextmanager
def copied(root: Path) -> Generator[SuiteRunner]:
    """A copy of the source, and an empty place for its database; both are gone afterwards."""
    with temporary_directory("mutants") as directory:
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        tree, database = directory / "tree", directory / "server"
        tree.mkdir()
        database.mkdir()
        for name in COPIED:
            source = root / name
            if source.is_dir():
                shutil.copytree(source, tree / name, ignore=ignored)
            elif source.exists():
                shutil.copy2(source, tree / name)
        try:
            yield SuiteRunner(tree, database)
        finally:
            embedded.reset(database)


def _end(process: "subprocess.Popen[str]") -> None:
    """Politely first: what a session has started ends with it."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=ENDING_SECONDS)
            return
