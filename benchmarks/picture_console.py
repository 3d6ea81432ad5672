"""What pictures are taken of in the console: every page of its registry, after a day at work in the demo shop."""

from collections.abc import Mapping

from playwright.async_api import Page

from benchmarks.picture_day import Day
from benchmarks.picture_scenes import JACKET, Act, Scene
from benchmarks.picture_stage import Stage
from bottega.demo_shop.logins import login_of
from bottega.web import console
from tests.web.console.reached import WAYS_IN, Fetch, looked_at, reached

PREFIX = console.FACE.prefix
# Where another address of a page shows more than the one that links lead to first.
QUERIES: Mapping[str, str] = {"/jobs/list": "?state=any", "/log": "?q=price"}


async def _as_it_opens(_page: Page) -> None:
    """What sticks to the window's edge stands there, not in the middle of a tall picture."""


async def _put_back(page: Page) -> None:
    await page.click("text=What was changed")
    await page.locator("button:text('Put back')").first.click()
    await page.wait_for_selector("h1")


ACTS: Mapping[str, Act] = {"settings": _as_it_opens, "prices-changes-entry-return": _put_back}


def name_of(path: str) -> str:
    """`/orders/{order_id}` is `orders-order`."""
    words = path.replace("{", "").replace("_id}", "").replace("}", "")
    return words.strip("/").replace("/", "-").replace("_", "-") or "today"


async def owner(page: Page, stage: Stage) -> Mapping[str, str]:
    """The demo shop's owner, signed in, after everybody else has worked; an address for every page."""
    await Day(stage).happen()
    login = login_of("owner")
    await page.goto(f"{stage.base}{PREFIX}/sign-in")
    await page.fill("#email", login.email)
    await page.fill("#password", login.password)
    await page.click("#sign-in button.button-wide")
    await page.wait_for_url(lambda address: not address.endswith("/sign-in"))
    found = await reached(_fetching(page, stage))
    missing = sorted(set(looked_at()) - set(found))
    assert not missing, f"no link leads to {missing}"
    found["/products/{product_id}"] = await _product(stage)
    found["/prices/changes/{entry_id}/return"] = f"{PREFIX}/prices"
    return {name_of(path): address + QUERIES.get(path, "") for path, address in found.items()}


async def _product(stage: Stage) -> str:
    async with stage.application.database.read() as connection:
        handle = JACKET.removeprefix("/p/")
        product_id = await connection.fetchval("SELECT id FROM shop.products WHERE handle = $1", handle)
    return f"{PREFIX}/products/{product_id}"


def _fetching(page: Page, stage: Stage) -> Fetch:
    async def fetch(address: str) -> str | None:
        answer = await page.request.get(f"{stage.base}{address}")
        return await answer.text() if answer.ok else None

    return fetch


def scenes() -> list[Scene]:
    """The ways in, and every page that is seen when signed in."""
    names = sorted(name_of(path) for path in looked_at())
    entrances = [path for path in WAYS_IN if not path.endswith("/choice")]
    return [
        *(Scene("console", name_of(path), PREFIX + path) for path in entrances),
        *(Scene("console", name, f"{{{name}}}", "owner", ACTS.get(name)) for name in names),
    ]
