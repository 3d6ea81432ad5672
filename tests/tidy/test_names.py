"""Files, folders, classes and functions are named in the trade's words, not in filler."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.source_tree import CODE_FOLDERS, Source, listed, python_sources, tracked_files

BANNED_WORDS = frozenset(
    [
        "common",
        "dto",
        "dtos",
        "handler2",
        "helper",
        "helpers",
        "impl",
        "manager",
        "managers",
        "misc",
        "util",
        "utils",
    ]
)
STAFF_ROLES = frozenset({"manager"})
"""A member of staff may be a manager, and the name of a test says what a manager may do."""
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+")


def filler_in(name: str) -> frozenset[str]:
    """The banned words among the words of a snake_case or CamelCase name."""
    return BANNED_WORDS.intersection(word.lower() for word in WORD.findall(name))


def filler_in_path(path: str) -> Iterator[str]:
    for part in Path(path).with_suffix("").parts:
        for word in sorted(filler_in(part)):
            yield f"{path}: '{word}' says nothing about what lives there; name the idea"


def filler_in_definitions(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree()):
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        banned = filler_in(node.name)
        if node.name.startswith("test_"):
            banned -= STAFF_ROLES
        for word in sorted(banned):
            yield f"{source.path}:{node.lineno}: {node.name}: '{word}' is filler; use the trade's word"


def test_files_and_folders_are_named_for_an_idea() -> None:
    ours = [path for path in tracked_files() if Path(path).parts[0] in CODE_FOLDERS]
    findings = [finding for path in ours for finding in filler_in_path(path)]
    assert not findings, listed(findings)


def test_classes_and_functions_are_named_in_the_trades_words() -> None:
    findings = [finding for source in python_sources() for finding in filler_in_definitions(source)]
    assert not findings, listed(findings)


def test_a_filler_path_is_found() -> None:
    assert not list(filler_in_path("src/bottega/shop/orders/queries.py"))
    assert list(filler_in_path("src/bottega/shop/common/order_utils.py")) == [
        "src/bottega/shop/common/order_utils.py: 'common' says nothing about what lives there; name the idea",
        "src/bottega/shop/common/order_utils.py: 'utils' says nothing about what lives there; name the idea",
    ]


def test_filler_definitions_are_found() -> None:
    text = "class OrderDTO: ...\nclass StockManager: ...\nasync def handler2(): ...\ndef utilise(): ...\n"
    assert [finding.split(": ")[1] for finding in filler_in_definitions(Source("src/a.py", text))] == [
        "OrderDTO",
        "StockManager",
        "handler2",
    ]


def test_only_a_test_may_name_the_role_of_a_manager() -> None:
    text = "def test_a_manager_approves(): ...\ndef manager_of(): ...\n"
    (finding,) = filler_in_definitions(Source("tests/a.py", text))
    assert finding.startswith("tests/a.py:2: manager_of:")
