"""Files, functions and classes stay small enough to be read in one go."""

import ast
from collections.abc import Iterator

from tests.tidy.source_tree import Source, code_sources, is_code, listed, python_sources

FILE_LIMIT_LINES = 400
FUNCTION_LIMIT_LINES = 60
CLASS_LIMIT_PUBLIC_METHODS = 12
FIELD_DECORATORS = frozenset({"property", "cached_property", "functools.cached_property"})


def long_files(source: Source) -> Iterator[str]:
    lines = len(source.text.splitlines())
    if lines > FILE_LIMIT_LINES:
        yield f"{source.path}: {lines} lines, at most {FILE_LIMIT_LINES}; split it by idea"


def long_functions(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree()):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LIMIT_LINES:
                yield (
                    f"{source.path}:{node.lineno}: {node.name} has {lines} lines, at most "
                    f"{FUNCTION_LIMIT_LINES}; let it decide and move the computing into leaves"
                )


def broad_classes(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree()):
        if isinstance(node, ast.ClassDef):
            methods = public_methods(node)
            if len(methods) > CLASS_LIMIT_PUBLIC_METHODS:
                yield (
                    f"{source.path}:{node.lineno}: {node.name} has {len(methods)} public methods, at most "
                    f"{CLASS_LIMIT_PUBLIC_METHODS}; divide it by who calls them"
                )


def public_methods(node: ast.ClassDef) -> set[str]:
    """The names of a class's verbs; a property is a field to its reader, so it does not count."""
    return {
        member.name
        for member in node.body
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
        and not member.name.startswith("_")
        and not FIELD_DECORATORS.intersection(map(ast.unparse, member.decorator_list))
    }


def test_files_are_short() -> None:
    findings = [finding for source in code_sources() for finding in long_files(source)]
    assert not findings, listed(findings)


def test_functions_are_short() -> None:
    findings = [finding for source in python_sources() for finding in long_functions(source)]
    assert not findings, listed(findings)


def test_classes_are_narrow() -> None:
    findings = [finding for source in python_sources() for finding in broad_classes(source)]
    assert not findings, listed(findings)


def test_the_package_itself_is_looked_at() -> None:
    paths = {source.path for source in code_sources()}
    assert {"src/bottega/__init__.py", "tests/tidy/test_sizes.py"} <= paths


def test_vendored_files_are_left_alone() -> None:
    assert is_code("src/bottega/web/storefront/cart.js")
    assert not is_code("src/bottega/web/vendor/library.js")
    assert not is_code("docs/example.py")


def test_a_file_one_line_too_long_is_found() -> None:
    assert not list(long_files(Source("src/a.py", "x = 1\n" * 400)))
    assert list(long_files(Source("src/a.py", "x = 1\n" * 401))) == [
        "src/a.py: 401 lines, at most 400; split it by idea"
    ]


def test_a_function_one_line_too_long_is_found() -> None:
    fitting = "async def sell():\n" + "    x = 1\n" * 59
    assert not list(long_functions(Source("src/a.py", fitting)))
    (finding,) = long_functions(Source("src/a.py", fitting + "    x = 1\n"))
    assert finding.startswith("src/a.py:1: sell has 61 lines, at most 60;")


def test_a_class_one_method_too_broad_is_found() -> None:
    fitting = "class Shop:\n" + "".join(f"    def verb_{n}(self): ...\n" for n in range(12))
    fitting += "    def _private(self): ...\n    @property\n    def size(self): ...\n"
    assert not list(broad_classes(Source("src/a.py", fitting)))
    (finding,) = broad_classes(Source("src/a.py", fitting + "    async def verb_12(self): ...\n"))
    assert finding.startswith("src/a.py:1: Shop has 13 public methods, at most 12;")
