"""The files the tidiness rules look at, read once, and how their findings are shown."""

import ast
import functools
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("src", "tests", "benchmarks")
CODE_SUFFIXES = frozenset({".py", ".sql", ".js", ".css", ".html"})
VENDORED_FOLDER = "vendor"
"""Third-party browser files are kept as they came, under a folder of this name."""
TEXT_SIZE_LIMIT_BYTES = 2_000_000


@dataclass(frozen=True)
class Source:
    """One file: its path from the root of the repository, and its text."""

    path: str
    text: str

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.path)


@functools.cache
def tracked_files() -> tuple[str, ...]:
    """Every file that git tracks or would track, as paths from the root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    names = listing.stdout.decode().split("\0")
    return tuple(sorted(name for name in set(names) if name and (ROOT / name).is_file()))


@functools.cache
def text_sources() -> tuple[Source, ...]:
    """Every tracked file that is text."""
    sources: list[Source] = []
    for name in tracked_files():
        path = ROOT / name
        if path.stat().st_size > TEXT_SIZE_LIMIT_BYTES:
            continue
        try:
            sources.append(Source(name, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue  # pictures, archives
    return tuple(sources)


@functools.cache
def code_sources() -> tuple[Source, ...]:
    """Our own code: everything under src, tests and benchmarks that a person reads as code."""
    return tuple(source for source in text_sources() if is_code(source.path))


def is_code(path: str) -> bool:
    parts = Path(path).parts
    return parts[0] in CODE_FOLDERS and Path(path).suffix in CODE_SUFFIXES and VENDORED_FOLDER not in parts[:-1]


def python_sources() -> Iterable[Source]:
    return (source for source in code_sources() if source.is_python)


def listed(findings: Iterable[str]) -> str:
    """The findings as the message of a failed assertion."""
    return "\n" + "\n".join(findings)
