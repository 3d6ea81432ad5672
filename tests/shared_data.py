"""Where the real data lies that some tests run on; it is never part of the project."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def shared_file(name: str) -> Path:
    """The file, or a skip that says how to bring it."""
    folder = Path(os.environ.get("BOTTEGA_SHARED_DATA") or ROOT.parent / "shared" / "data")
    file = folder / name
    if not file.exists():
        pytest.skip(f"{name} is not here; put the data in ../shared/data or name its folder in BOTTEGA_SHARED_DATA")
    return file
