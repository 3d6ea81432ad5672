"""A real Chromium for tests and pictures: where this machine has one, and how it is started."""

import os
import shutil
import sys
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

VARIABLE = "BOTTEGA_TEST_CHROMIUM"
COMMANDS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MISSING = (
    "there is no Chromium on this machine: install one (`apt-get install chromium`, or "
    f"`.venv/bin/playwright install chromium`), or name its program in {VARIABLE}"
)
# It talks to this machine alone, and asks no update server for anything.
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-lcd-text",
)


def find_chromium() -> Path | None:
    """The program: the one that is named, the system's own, or one that Playwright has fetched."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    installed = next((found for command in COMMANDS if (found := shutil.which(command))), None)
    if installed is not None:
        return Path(installed)
    return next(iter(sorted(_fetched(), reverse=True)), None)


def _fetched() -> Iterable[Path]:
    """Where Playwright keeps the browsers it has fetched."""
    given = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    usual = "Library/Caches/ms-playwright" if sys.platform == "darwin" else ".cache/ms-playwright"
    kept = Path(given) if given and given != "0" else Path.home() / usual
    programs = ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*")
    return [path for program in programs for path in kept.glob(f"chromium-*/{program}")]


@asynccontextmanager
async def chromium(program: Path) -> AsyncGenerator[Browser]:
    """The browser, without a window; it is closed on leaving."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, headless=True, chromium_sandbox=os.geteuid() != 0, args=list(ARGUMENTS)
        )
        try:
            yield browser
        finally:
            await browser.close()
