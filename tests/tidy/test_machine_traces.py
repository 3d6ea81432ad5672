"""No file of the repository knows a path of the machine it was written on."""

import re
from collections.abc import Iterator

from tests.tidy.source_tree import Source, listed, text_sources

# Put together from halves, so that this file does not find itself.
MACHINE_PATHS = re.compile(
    r"(?<![\w.~])/(?:"
    + "|".join(["ho" + r"me/\w", "Use" + r"rs/\w", "ro" + r"ot/[\w.]", "wo" + r"rk/\w", "op" + r"t/\w"])
    + r")[^\s'\"`)]*|[A-Z]:\\Use"
    + r"rs\\"
)


def machine_paths(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), start=1):
        if match := MACHINE_PATHS.search(line):
            yield f"{source.path}:{number}: {match[0]} belongs to one machine; make it relative or a setting"


def test_no_file_names_a_path_of_a_machine() -> None:
    findings = [finding for source in text_sources() for finding in machine_paths(source)]
    assert not findings, listed(findings)


def test_a_machine_path_is_found() -> None:
    seeds = [
        "/ho" + "me/ada/shop",
        "see /Use" + "rs/ada",
        "'/wo" + "rk/main'",
        "C:\\Use" + "rs\\ada",
        "(/ro" + "ot/.cache)",
    ]
    assert [len(list(machine_paths(Source("docs/a.md", seed)))) for seed in seeds] == [1, 1, 1, 1, 1]


def test_addresses_and_relative_paths_pass() -> None:
    seeds = [
        "https://example.org/ho" + "me/page",
        "docs/wo" + "rk/plan.md",
        "/var/lib/postgresql",
        "/api/orders",
    ]
    assert not [finding for seed in seeds for finding in machine_paths(Source("docs/a.md", seed))]
