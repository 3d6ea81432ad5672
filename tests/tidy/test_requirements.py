"""The locked requirements name versions and hashes for everything declared, and never a registry."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from tests.tidy.source_tree import ROOT, Source, listed, tracked_files

LOCKS = {"requirements.txt": ("build", "weights"), "requirements-dev.txt": ("build", "weights", "dev")}
"""Each lock, and the extras of pyproject.toml that it holds besides the dependencies."""
PINNED = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*)(\[[a-z0-9,-]+\])?==\S+( ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
REGISTRY_LOCKS = frozenset({"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock"})
"""Lock files that record where each file was fetched from."""


def foreign_lines(source: Source) -> Iterator[str]:
    """Lines of a lock that are neither a pinned version, nor one of its hashes, nor a comment."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        is_comment = line.lstrip().startswith("#") and "://" not in line
        if line and not is_comment and not PINNED.fullmatch(line) and not HASH.fullmatch(line):
            yield f"{source.path}:{number}: {line.strip()!r} has no place in a lock; run make lock"


def unlocked(source: Source, declared: list[str]) -> Iterator[str]:
    """Declared dependencies that the lock does not hold."""
    names = {match["name"] for line in source.text.splitlines() if (match := PINNED.fullmatch(line))}
    for requirement in declared:
        name = re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-")
        if name not in names:
            yield f"{source.path}: {name} is declared but not locked; run make lock"


def declared_dependencies(extras: tuple[str, ...]) -> list[str]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    return [*project["dependencies"], *(requirement for extra in extras for requirement in optional[extra])]


def test_locks_name_versions_and_hashes_alone() -> None:
    for name in LOCKS:
        findings = list(foreign_lines(Source(name, (ROOT / name).read_text())))
        assert not findings, listed(findings)


def test_everything_declared_is_locked() -> None:
    for name, extras in LOCKS.items():
        findings = list(unlocked(Source(name, (ROOT / name).read_text()), declared_dependencies(extras)))
        assert not findings, listed(findings)


def test_no_lock_that_records_a_registry_is_tracked() -> None:
    assert not [path for path in tracked_files() if path.rsplit("/", 1)[-1] in REGISTRY_LOCKS]


def test_a_registry_in_a_lock_is_found() -> None:
    right = "# made by make lock\nrich==15.0.0 \\\n    --hash=sha256:" + "0" * 64 + "\n    # via bottega\n"
    wrong = ["--index-url https://example.org/simple", "rich==15.0.0", "rich @ https://example.org/rich.whl"]
    assert not list(foreign_lines(Source("requirements.txt", right)))
    for line in [*wrong, "# from https://example.org/simple"]:
        assert len(list(foreign_lines(Source("requirements.txt", right + line + "\n")))) == 1, line


def test_a_dependency_that_is_not_locked_is_found() -> None:
    lock = Source("requirements.txt", "rich==15.0.0 \\\n")
    assert list(unlocked(lock, ["rich>=15", "Argon2_cffi[dev]>=2; sys_platform != 'win32'"])) == [
        "requirements.txt: argon2-cffi is declared but not locked; run make lock"
    ]
