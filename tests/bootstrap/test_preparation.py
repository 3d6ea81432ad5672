"""What the parent of a shop's processes prepares for them."""

import gc
from pathlib import Path

from bottega.bootstrap import open_application, preparation
from bottega.bootstrap.agents import ROLE_NAMES
from bottega.bootstrap.preparation import COMPILED_FOLDER, prepare, prepared
from bottega.settings import Settings


def settings_of(folder: Path, database_url: str | None = None) -> Settings:
    return Settings(DATABASE_URL=database_url, data_dir=folder, embedder="none")  # pyright: ignore[reportCallIssue] - aliases


async def test_the_names_of_the_roles_are_those_of_the_roles(database_url: str, tmp_path: Path) -> None:
    async with open_application(settings_of(tmp_path, database_url)) as application:
        assert tuple(role.name for role in application.agents.roles()) == ROLE_NAMES


def test_what_was_prepared_is_there_and_collecting_goes_on(tmp_path: Path) -> None:
    threshold = gc.get_threshold()
    try:
        prepare(settings_of(tmp_path))
        made = prepared()
        assert made is not None
        assert made.policy.packs
        assert gc.isenabled()
        assert list((tmp_path / COMPILED_FOLDER).iterdir())
    finally:
        gc.set_threshold(*threshold)
        gc.unfreeze()
        preparation._made.clear()
