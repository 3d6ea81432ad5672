"""One Chromium and one served shop per process; each test is a new visitor with a window of its own."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, Route, expect

from tests.web.browser.chromium import MISSING, chromium, find_chromium
from tests.web.browser.served import served
from tests.web.shelf import Shelf

LONGEST_WAIT_MILLISECONDS = 10_000
expect.set_options(timeout=LONGEST_WAIT_MILLISECONDS)


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip(MISSING)
    async with chromium(program) as opened:
        yield opened


@pytest_asyncio.fixture(scope="session")
async def base(browser: Browser, shelf: Shelf) -> AsyncGenerator[str]:
    """Where the shop of the tests answers; asks for the browser first, so that nothing is filled for a skip."""
    async with served(shelf.site) as address:
        yield address


@pytest_asyncio.fixture
async def page(browser: Browser, base: str) -> AsyncGenerator[Page]:
    """A window of somebody who has never been here; scripts that fail fail the test."""
    context = await browser.new_context(
        base_url=base, viewport={"width": 1280, "height": 800}, reduced_motion="reduce", locale="en-GB"
    )
    context.set_default_timeout(LONGEST_WAIT_MILLISECONDS)
    await context.route("https://pictures.example/**", _picture)
    opened = await context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda message: problems.append(message.text) if _is_a_fault(message) else None)
    yield opened
    await context.close()
    assert problems == []


async def _picture(route: Route) -> None:
    """Catalogues name pictures on hosts of others, which no test asks."""
    await route.fulfill(body='<svg xmlns="http://www.w3.org/2000/svg"/>', content_type="image/svg+xml")


def _is_a_fault(message: ConsoleMessage) -> bool:
    """Whether the browser complains; not about forms that we refuse, which it mentions too."""
    return message.type == "error" and "the server responded with a status of 4" not in message.text
