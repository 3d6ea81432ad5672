"""Starts and stops one localstripe process."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

LAUNCHER = Path(__file__).with_name("run_localstripe.py")


@contextmanager
def localstripe() -> Generator[str]:
    """The base address of a fresh localstripe, ready to answer; it is killed afterwards."""
    process = subprocess.Popen(
        [sys.executable, str(LAUNCHER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        # It listens before it says so, so whoever connects from now on is answered.
        port = process.stdout.readline().strip()
        assert port.isdigit(), f"localstripe did not start (exit code {process.poll()})"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()
