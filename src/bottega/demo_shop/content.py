"""The demo shop's files, read."""

import json
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any


def folder() -> Traversable:
    """Where the files lie in the installed package."""
    return resources.files("bottega.demo_shop")


def read(name: str) -> Any:
    """A JSON file."""
    return json.loads((folder() / name).read_text(encoding="utf-8"))


def read_lines(name: str) -> Iterator[dict[str, Any]]:
    """A JSON Lines file."""
    for line in (folder() / name).read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def product_files() -> list[Traversable]:
    """One file per department, in alphabetical order."""
    return sorted((folder() / "products").iterdir(), key=lambda found: found.name)
