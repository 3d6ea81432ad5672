"""Every module opens with one sentence that says what lives there."""

import ast
import re

from tests.tidy.source_tree import Source, listed, python_sources

SECOND_SENTENCE = re.compile(r"[a-z)\]`][.!?] +[A-Z]")
NEXT_STEP = "open it with one sentence, on one line, that says what lives here"


def missing_sentence(source: Source) -> str | None:
    """What is wrong with a module's opening, if anything."""
    if not source.text.strip() and source.path.startswith("tests/"):
        return None  # an empty __init__.py between tests holds nothing to describe
    docstring = ast.get_docstring(source.tree())
    if not docstring:
        return f"{source.path}: no docstring; {NEXT_STEP}"
    first, _, rest = docstring.partition("\n")
    if not first.endswith((".", "?", "!")):
        return f"{source.path}: the first line is no whole sentence; {NEXT_STEP}"
    if SECOND_SENTENCE.search(first):
        return f"{source.path}: the first line holds two sentences; {NEXT_STEP}"
    if rest and not rest.startswith("\n"):
        return f"{source.path}: no blank line after the first sentence; {NEXT_STEP}"
    return None


def test_every_module_says_what_lives_there() -> None:
    findings = [finding for source in python_sources() if (finding := missing_sentence(source))]
    assert not findings, listed(findings)


def test_a_module_without_its_sentence_is_found() -> None:
    wrong = {
        "x = 1\n": "no docstring",
        '"""Orders and lines"""\n': "no whole sentence",
        '"""Orders live here. Lines do too."""\n': "two sentences",
        '"""Orders live here.\nAnd more."""\n': "no blank line",
        "": "no docstring",
    }
    for text, complaint in wrong.items():
        finding = missing_sentence(Source("src/a.py", text))
        assert finding is not None, text
        assert complaint in finding


def test_a_module_with_its_sentence_passes() -> None:
    right = ['"""Orders, e.g. of one customer."""\n', '"""Orders.\n\nWhy they are frozen: replay."""\n']
    assert [missing_sentence(Source("src/a.py", text)) for text in right] == [None, None]
    assert missing_sentence(Source("tests/shop/__init__.py", "")) is None
