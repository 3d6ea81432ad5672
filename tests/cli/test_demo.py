"""`bottega demo --once`: the whole story from nothing, as a newcomer runs it."""

import os
import subprocess
import sys
from pathlib import Path

from bottega.platform.database import embedded

STEPS = (
    "browse",
    "cart",
    "checkout",
    "pay",
    "ship",
    "return",
    "refund",
    "approval",
    "undo",
    "verify the log",
    "replay it",
)


def test_the_story_is_told_to_its_end_and_again(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("BOTTEGA_", "DATABASE_"))}
    environment["BOTTEGA_DATA_DIR"] = str(tmp_path)
    environment["COLUMNS"] = "200"
    try:
        for _ in range(2):
            told = subprocess.run(
                [sys.executable, "-m", "bottega", "demo", "--once"],
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=180,
                check=False,
            )
            assert told.returncode == 0, told.stdout + told.stderr
            done = [line.removeprefix("✓ ").strip() for line in told.stdout.splitlines() if line.startswith("✓")]
            assert [step for step, line in zip(STEPS, done, strict=True) if line.startswith(step)] == list(STEPS)
            assert "every table identical" in told.stdout
    finally:
        embedded.reset(tmp_path)
