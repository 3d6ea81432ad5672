"""Nothing in the package is announced instead of done, and nothing is silenced without its reason."""

import re
from collections.abc import Iterator

from tests.tidy.source_tree import Source, code_sources, listed

# Put together from halves, so that this file does not find itself.
ANNOUNCED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|NotImplemented" + r"Error)\b")
SILENCED = re.compile(r"#\s*(type: " + r"ignore|pyright: " + r"ignore|no" + r"qa)(\[[^\]]*\]|: *[A-Z0-9, ]+)?(.*)")


def announced_work(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), start=1):
        if match := ANNOUNCED.search(line):
            yield f"{source.path}:{number}: {match[0]}; finish it, or leave it out and say so in the docs"


def unexplained_silence(source: Source) -> Iterator[str]:
    """An ignore names its rule, and the same line or the line above says why."""
    lines = source.text.splitlines()
    for number, line in enumerate(lines, start=1):
        match = SILENCED.search(line)
        if not match:
            continue
        above = lines[number - 2].strip() if number > 1 else ""
        if not match[2]:
            yield f"{source.path}:{number}: {match[1]} without a rule; name the rule it silences"
        elif len(match[3].strip(" #-:")) < len("why") and not above.startswith("#"):
            yield f"{source.path}:{number}: {match[1]} without a reason; say why in a comment beside it"


def test_the_package_is_finished() -> None:
    sources = [source for source in code_sources() if source.path.startswith("src/")]
    findings = [finding for source in sources for finding in announced_work(source)]
    assert not findings, listed(findings)


def test_every_silenced_rule_has_its_reason() -> None:
    findings = [finding for source in code_sources() for finding in unexplained_silence(source)]
    assert not findings, listed(findings)


def test_announced_work_is_found() -> None:
    text = "def pay():\n    # TO" + "DO later\n    raise NotImplemented" + "Error\n"
    assert [finding.split("; ")[0] for finding in announced_work(Source("src/a.py", text))] == [
        "src/a.py:2: TO" + "DO",
        "src/a.py:3: NotImplemented" + "Error",
    ]
    assert not list(announced_work(Source("src/a.py", "methods = todos\n")))


def test_unexplained_silence_is_found() -> None:
    bare, ruled = "x = 1  # no" + "qa\n", "x = 1  # no" + "qa: S608\n"
    reasoned = "x = 1  # no" + "qa: S608  # the column list is a constant\n"
    above = "# The vendor's types are wrong here.\nx = 1  # type: " + "ignore[arg-type]\n"
    assert [len(list(unexplained_silence(Source("src/a.py", text)))) for text in (bare, ruled)] == [1, 1]
    assert [len(list(unexplained_silence(Source("src/a.py", text)))) for text in (reasoned, above)] == [0, 0]
