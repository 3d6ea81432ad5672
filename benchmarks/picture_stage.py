"""The demo shop as pictures are taken of it: freshly loaded, at one fixed time, behind a server of this process."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bottega.bootstrap import Application, open_application
from bottega.bootstrap.addresses import whole_site
from bottega.bootstrap.background import catch_up
from bottega.demo_shop.load import is_loaded, load
from bottega.platform.clock import SetClock
from bottega.settings import Settings
from tests.web.browser.served import served

# A Tuesday morning in spring: dates and what is on sale are the same in every run.
NOW = datetime(2026, 5, 12, 8, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Stage:
    """The open shop and where it answers."""

    application: Application
    base: str


def _unseen(*_: object) -> None:
    """Nobody watches the loading."""


@asynccontextmanager
async def open_stage(directory: Path) -> AsyncGenerator[Stage]:
    """Loads the demo shop into the directory unless it is there, and serves it; nothing is asked of any network."""
    settings = Settings(
        _env_file=None,  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument
        data_dir=directory,
        embedder="none",
        requests_per_minute=1_000_000,
    )
    clock = SetClock(NOW)
    async with open_application(settings, clock=clock) as application:
        if not await is_loaded(application):
            await load(application, clock, _unseen)
            await catch_up(application)
        clock.set_to(NOW)
        async with served(whole_site(application)) as base:
            yield Stage(application, base)
