"""Where the real data lies that some tests run on; it is never part of the project."""

import gzip
import itertools
import os
from pathlib import Path

import pytest

# The tests take a part of the catalogue, enough to hold every kind of row; `BOTTEGA_TEST_CATALOGUE=whole` takes it all.
PART_BEGINS, PART_ENDS = 14_000, 16_000

ROOT = Path(__file__).resolve().parents[1]


def shared_file(name: str) -> Path:
    """The file, or a skip that says how to bring it."""
    folder = Path(os.environ.get("BOTTEGA_SHARED_DATA") or ROOT.parent / "shared" / "data")
    file = folder / name
    if not file.exists():
        pytest.skip(f"{name} is not here; put the data in ../shared/data or name its folder in BOTTEGA_SHARED_DATA")
    return file


def icecat_catalogue(folder: Path) -> tuple[Path, int]:
    """The real products, or the part of them that the tests take, written to the folder; and how many they are."""
    file = shared_file("icecat/products.jsonl.gz")
    whole = os.environ.get("BOTTEGA_TEST_CATALOGUE") == "whole"
    with gzip.open(file, "rt", encoding="utf-8") as rows:
        taken = list(itertools.islice(rows, 0 if whole else PART_BEGINS, None if whole else PART_ENDS))
    part = folder / "products.jsonl"
    part.write_text("".join(taken), encoding="utf-8")
    return part, len(taken)
