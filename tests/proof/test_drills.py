"""Recovery drills: each one passes over a real shop, and a backup has its refusals."""

from pathlib import Path

import pytest

from bottega.kernel.errors import Conflict, Invalid
from bottega.platform.database.backup import back_up, restore_backup
from bottega.proof.drills import DRILLS, drilled, run_drills


@pytest.mark.parametrize("name", DRILLS)
async def test_a_drill_passes(database_url: str, tmp_path: Path, name: str) -> None:
    found = await drilled(name, database_url, tmp_path)
    assert [(violation.promise, violation.seen) for violation in found] == []


async def test_drills_are_counted_over_a_server_of_their_own() -> None:
    report = await run_drills("price import")
    assert (report.violations, report.counts) == ([], {"drills": 1})


async def test_a_backup_overwrites_nothing_and_has_to_exist(tmp_path: Path) -> None:
    there = tmp_path / "kept"
    there.write_text("precious")
    with pytest.raises(Conflict, match="There is a file"):
        back_up("postgresql://nowhere/none", there)
    assert there.read_text() == "precious"
    with pytest.raises(Invalid, match="There is no file"):
        await restore_backup("postgresql://nowhere/none", tmp_path / "missing", "copy")
