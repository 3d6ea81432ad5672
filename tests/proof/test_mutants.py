"""Seeded faults: every one still fits the code, and the campaign tells a caught one from one that survives."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from bottega.kernel.errors import Conflict, NotFound
from bottega.proof.mutants.campaign import run_mutants, source_tree
from bottega.proof.mutants.catalogue import (
    Edit,
    Mutant,
    all_mutants,
    apply,
    chosen,
    removed_guards,
    removed_rules,
    restore,
    seeded_faults,
)
from bottega.proof.mutants.kept import Kept
from bottega.proof.mutants.page import BEGIN, END, write_table
from bottega.runtime.guard.full import full_guard

ROOT = source_tree()


def test_there_are_enough_faults_and_each_has_a_name_of_its_own() -> None:
    names = Counter(mutant.name for mutant in all_mutants(ROOT))
    assert [name for name, times in names.items() if times > 1] == []
    assert len(seeded_faults()) >= 40
    guard = full_guard()
    assert len(removed_guards(ROOT)) == len(guard.critics) + len(guard.checks)
    rules = (ROOT / "src/bottega/actions/policy/packs/default").glob("*.cedar")
    assert len(removed_rules(ROOT)) == sum(file.read_text().count("@id(") for file in rules)


def test_every_fault_fits_the_code_and_names_suites_that_exist(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for mutant in all_mutants(ROOT):
        before = apply(mutant, tmp_path)
        assert all(path.read_text() != text for path, text in before.items()), mutant.name
        restore(before)
        for suite in mutant.suites:
            file, _, test = suite.partition("::")
            assert (ROOT / file).exists(), f"{mutant.name}: there is no suite {suite}"
            assert not test or f"def {test.partition('[')[0]}(" in (ROOT / file).read_text(), f"{mutant.name}: {suite}"


def test_a_fault_that_no_longer_fits_says_so_and_leaves_the_tree_alone(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("a = 1\n")
    (tmp_path / "two.py").write_text("b = 2\nb = 2\n")
    moved = Mutant("moved", "", (), (Edit("one.py", "a = 1", "a = 2"), Edit("two.py", "b = 2", "b = 3")))
    with pytest.raises(Conflict, match=r"'moved': its text stands 2 times in two\.py, not once"):
        apply(moved, tmp_path)
    assert (tmp_path / "one.py").read_text() == "a = 1\n"


def test_a_name_that_nothing_has() -> None:
    with pytest.raises(NotFound, match="No seeded fault is named 'nothing like it'"):
        chosen(ROOT, "nothing like it")


def test_one_is_caught_one_survives_and_one_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "src/bottega").mkdir(parents=True)
    (tmp_path / "src/bottega/__init__.py").write_text("")
    (tmp_path / "src/bottega/sums.py").write_text("def double(number):\n    return number * 2\n\n\nSPARE = 1\n")
    (tmp_path / "tests").mkdir()
    suite = "from bottega.sums import double\n\n\ndef test_double():\n    assert double(4) == 8\n"
    (tmp_path / "tests/test_sums.py").write_text(suite)
    suites = ("tests/test_sums.py",)
    mutants = (
        Mutant("wrong", "Doubles wrongly.", suites, (Edit("src/bottega/sums.py", "* 2", "* 3"),)),
        Mutant("unseen", "Nobody looks.", suites, (Edit("src/bottega/sums.py", "SPARE = 1", "SPARE = 2"),)),
        Mutant("broken", "No Python.", suites, (Edit("src/bottega/sums.py", "def double(number)", "def double("),)),
    )
    report, verdicts = run_mutants(mutants, tmp_path)
    assert [verdict.fate for verdict in verdicts] == ["caught", "survived", "does not run"]
    assert verdicts[0].by == "tests/test_sums.py::test_double"
    assert [found.promise for found in report.violations] == ["unseen", "broken"]
    expected = {"verdicts taken over": 0, "seeded faults": 3, "not judged yet": 0, "caught": 1, "survived": 1}
    assert report.counts == expected
    again, others = run_mutants(mutants, tmp_path, resumed=True)
    assert again.counts == {**expected, "verdicts taken over": 3}
    assert [(one.mutant.name, one.fate, one.by) for one in others] == [
        (one.mutant.name, one.fate, one.by) for one in verdicts
    ]
    (tmp_path / "tests/test_sums.py").write_text(f"{suite}# Another one.\n")
    assert Kept(tmp_path, resumed=True).verdict(mutants[0]) is None, "its suite is another one"
    page = tmp_path / "proof.md"
    page.write_text(f"Before.\n{BEGIN}\nold\n{END}\nAfter.\n")
    write_table(page, verdicts[:1])
    assert "1 of 1 caught." in page.read_text()
    assert "| wrong | Doubles wrongly. | caught | `test_sums.py::test_double` |" in page.read_text()
    assert page.read_text().endswith(f"{END}\nAfter.\n")


def test_suites_that_fail_anyway_prove_nothing(tmp_path: Path) -> None:
    (tmp_path / "src/bottega").mkdir(parents=True)
    (tmp_path / "src/bottega/__init__.py").write_text("")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_sums.py").write_text("def test_sum():\n    assert 1 + 1 == 3\n")
    mutant = Mutant("any", "", ("tests/test_sums.py",), (Edit("src/bottega/__init__.py", "", "x = 1"),))
    with pytest.raises(Conflict, match="The suites do not pass as they are"):
        run_mutants((mutant,), tmp_path)
