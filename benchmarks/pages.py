"""`python -m benchmarks.pages`: what pages of the demo shop weigh, when they are painted, and how long they render.

`[--times N] [--seconds N] [--json FILE] [--write docs/benchmarks.md]`; needs a Chromium. Each page is loaded in a new
window with nothing kept, from `bottega serve` on the same cores; figures are medians, p95 is over all renders.
"""

import argparse
import asyncio
import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, CDPSession, Page
from rich.console import Console
from rich.table import Table

from benchmarks import shop_process
from benchmarks.load_client import Connection, Measured, drive
from benchmarks.page import put_between, where_and_when
from bottega.bootstrap import open_application
from bottega.bootstrap.background import catch_up
from bottega.demo_shop.load import load
from bottega.platform.clock import SetClock
from bottega.settings import Settings
from tests.web.browser.chromium import MISSING, chromium, find_chromium

HOST = "127.0.0.1"
MOST_BYTES, LATEST_PAINT_MILLISECONDS = 100_000, 300
SHOPPERS = 8
PRODUCT = "/p/fell-warden-down-jacket"
PAGES: Mapping[str, str] = {
    "home": "/",
    "category": "/c/clothing/jackets",
    "search": "/search?q=warm+jacket",
    "product": PRODUCT,
    "chat open": PRODUCT,
}
RENDERED = ("/", "/c/clothing/jackets", "/search?q=warm+jacket", PRODUCT, "/policies/returns", "/cart")
BEGIN, END = "<!-- measured pages: begin -->", "<!-- measured pages: end -->"
# Told by the browser itself: buffered entries, so that nothing before the question is missed.
_PAINTS = """() => new Promise((resolve) => {
  let largest = 0;
  const watcher = new PerformanceObserver((list) => { for (const one of list.getEntries()) largest = one.startTime; });
  watcher.observe({type: "largest-contentful-paint", buffered: true});
  setTimeout(() => {
    const first = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
    resolve([first, largest]);
  }, 50);
})"""


@dataclass(frozen=True)
class Load:
    """One page loaded once: what came over the wire without pictures, compressed as sent, and when it was painted."""

    transferred_bytes: int
    picture_bytes: int
    requests: int
    first_paint_milliseconds: float
    largest_paint_milliseconds: float
    opened_milliseconds: float
    earliest_paint_milliseconds: float = 0


class Wire:
    """Counts what a window receives."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        self.received: dict[str, int] = {}

    async def listen(self, session: CDPSession) -> None:
        """From now on."""
        session.on("Network.responseReceived", self._began)
        session.on("Network.loadingFinished", self._finished)
        await session.send("Network.enable")

    def _began(self, event: Mapping[str, Any]) -> None:
        self.kinds[event["requestId"]] = event["type"]

    def _finished(self, event: Mapping[str, Any]) -> None:
        self.received[event["requestId"]] = int(event["encodedDataLength"])

    def bytes_of(self, *, pictures: bool) -> int:
        return sum(n for one, n in self.received.items() if (self.kinds.get(one) == "Image") is pictures)


async def load_once(browser: Browser, base: str, name: str) -> Load:
    """The page in a window that has never been here; with the chat it is opened too, as soon as the page is quiet."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    wire = Wire()
    await wire.listen(await context.new_cdp_session(page))
    await page.goto(f"{base}{PAGES[name]}", wait_until="networkidle")
    opened = await _open_chat(page) if name == "chat open" else 0.0
    first, largest = await page.evaluate(_PAINTS)
    found = Load(
        wire.bytes_of(pictures=False), wire.bytes_of(pictures=True), len(wire.received), first, largest, opened
    )
    await context.close()
    return found


async def _open_chat(page: Page) -> float:
    """Milliseconds from the click until one can write."""
    took = await page.evaluate(
        """() => new Promise((resolve) => {
          const began = performance.now();
          new MutationObserver(() => {
            if (document.querySelector("[data-chat-body] textarea")) resolve(performance.now() - began);
          }).observe(document.body, {childList: true, subtree: true});
          document.querySelector("[data-chat-open]").click();
        })"""
    )
    await page.wait_for_load_state("networkidle")
    return took


def median_of(loads: list[Load]) -> Load:
    """Each figure's own median, and the first paint of the load that the rest of the machine disturbed least."""
    values = [asdict(one) for one in loads]
    medians: dict[str, Any] = {name: statistics.median(one[name] for one in values) for name in values[0]}
    medians["earliest_paint_milliseconds"] = min(one.first_paint_milliseconds for one in loads)
    return Load(**medians)


async def render(port: int, seconds: float) -> Measured:
    """Pages one after the other by eight shoppers at once, over HTTP alone."""

    async def one(connection: Connection, number: int) -> bool:
        headers = {"Accept-Encoding": "gzip"}
        status, _ = await connection.request("GET", RENDERED[number % len(RENDERED)], headers=headers)
        return status == 200

    await drive(one, host=HOST, port=port, concurrency=SHOPPERS, seconds=1)
    return await drive(one, host=HOST, port=port, concurrency=SHOPPERS, seconds=seconds)


def _unseen(*_: object) -> None:
    """Nobody watches the loading."""


async def fill(directory: Path) -> None:
    """The demo shop, indexed."""
    settings = Settings(_env_file=None, data_dir=directory, embedder="none")  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument
    clock = SetClock(datetime.now(UTC))
    async with open_application(settings, clock=clock) as application:
        await load(application, clock, _unseen)
        await catch_up(application)


async def measure(port: int, times: int, seconds: float) -> tuple[dict[str, Load], Measured]:
    """Every page so many times, then the renders."""
    program = find_chromium()
    if program is None:
        raise SystemExit(MISSING)
    base = f"http://{HOST}:{port}"
    async with chromium(program) as browser:
        await load_once(browser, base, "home")
        pages = {name: median_of([await load_once(browser, base, name) for _ in range(times)]) for name in PAGES}
    return pages, await render(port, seconds)


def table_of(pages: Mapping[str, Load], rendered: Measured) -> list[str]:
    """The figures as lines of Markdown."""
    lines = [
        "| page | without pictures, compressed | requests | first paint (best) | largest paint | pictures |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in pages.items():
        opened = f" (writable {one.opened_milliseconds:.0f} ms after the click)" if one.opened_milliseconds else ""
        painted = f"{one.first_paint_milliseconds:.0f} ms ({one.earliest_paint_milliseconds:.0f})"
        lines.append(
            f"| {name}{opened} | {one.transferred_bytes / 1000:.1f} kB | {one.requests:.0f} | {painted} | "
            f"{one.largest_paint_milliseconds:.0f} ms | {one.picture_bytes / 1000:.1f} kB |"
        )
    verdict = "met" if not missed(pages) else f"NOT met by {', '.join(missed(pages))}"
    half, most = rendered.percentile_ms(50), rendered.percentile_ms(95)
    return [
        *lines,
        "",
        f"Asked: at most {MOST_BYTES // 1000} kB, first paint within {LATEST_PAINT_MILLISECONDS} ms: {verdict}.",
        f"{SHOPPERS} shoppers at once over HTTP: {rendered.per_second:.0f} pages a second, p50 {half:.1f} ms,",
        f"p95 {most:.1f} ms; {rendered.count} pages, {rendered.failed} failed.",
    ]


def missed(pages: Mapping[str, Load]) -> list[str]:
    """The pages that weigh more or are painted later than is asked."""
    return [
        name
        for name, one in pages.items()
        if one.transferred_bytes > MOST_BYTES or one.first_paint_milliseconds > LATEST_PAINT_MILLISECONDS
    ]


def main() -> None:
    """Measures, prints, and writes where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="loads of each page")
    parser.add_argument("--seconds", type=float, default=8, help="how long the eight shoppers read")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    with shop_process.data_directory() as directory:
        asyncio.run(fill(directory))
        with shop_process.serving(directory, embedder="none") as shop:
            pages, rendered = asyncio.run(measure(shop.port, chosen.times, chosen.seconds))
    lines = table_of(pages, rendered)
    _show(lines)
    if chosen.json:
        chosen.json.write_text(json.dumps({name: asdict(one) for name, one in pages.items()}, indent=2))
    if chosen.write:
        command = f"python -m benchmarks.pages --times {chosen.times} --seconds {chosen.seconds:g}"
        figures = [*where_and_when(command), "`bottega serve` has two processes; the browser is on the same cores.", ""]
        put_between(chosen.write, BEGIN, END, "\n".join([*figures, *lines]))


def _show(lines: list[str]) -> None:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    table = Table(*rows[0])
    for row in rows[2:]:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print("\n".join(line for line in lines if line and not line.startswith("|")))


if __name__ == "__main__":
    main()
