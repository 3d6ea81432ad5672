"""What is counted of searches, clicks and views: noted in memory, written together a moment later, by no search."""

import asyncio
import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import asyncpg
import structlog

from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database
from bottega.retrieval.analysis import LONGEST_QUERY_WORDS, words_of
from bottega.shop.catalogue import viewed

log = structlog.get_logger(__name__)

WRITTEN_AFTER_SECONDS = 0.2
# What a process holds until it is written, and what a day holds; what comes on top is not counted.
MOST_NOTED = 5_000
MOST_WORDS_A_DAY = 5_000
MOST_CLICKED_A_DAY = 20_000
KEPT_FOR = timedelta(days=90)
LONGEST_WORDS_CHARACTERS = 120
LOWEST_POSITION = 400

# What may belong to a person is not kept: addresses of mail, and figures as long as a telephone or card number.
_MAIL = re.compile(r"\S*@\S*")
_LONG_NUMBER = re.compile(r"\+?\d(?:[\s()/.-]{0,3}\d){6,}")


@dataclass(frozen=True, slots=True)
class SearchNoted:
    """A search that was answered: `complete` when the catalogue knew every word and something was found."""

    text: str
    total: int
    relaxed: bool
    complete: bool


def noted_words(text: str) -> str:
    """The words that a search is counted under, folded, without what may belong to a person; may be empty."""
    impersonal = _LONG_NUMBER.sub(" ", _MAIL.sub(" ", text))
    words = [word.folded for word in words_of(impersonal)[:LONGEST_QUERY_WORDS]]
    return " ".join(words)[:LONGEST_WORDS_CHARACTERS].strip()


class SearchNotes:
    """The counts of one process. Noting takes no time to speak of and never fails; what cannot be written is lost."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._searches: dict[tuple[date, str], list[int]] = {}
        self._clicks: dict[tuple[date, str, str], list[int]] = {}
        self._views: dict[tuple[str, str], None] = {}
        self._writing: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    def searched(self, noted: SearchNoted) -> None:
        """Counts a search under its words."""
        words = noted_words(noted.text)
        key = (self._clock.now().date(), words)
        if not words or (key not in self._searches and len(self._searches) >= MOST_NOTED):
            return
        counts = self._searches.setdefault(key, [0, 0, 0, 0])
        for place, counted in enumerate((True, noted.total == 0, noted.relaxed, noted.complete)):
            counts[place] += counted
        self._write_soon()

    def clicked(self, text: str, product_id: str, position: int) -> None:
        """Counts that a product was opened from the results of a search; `position` counts from 1."""
        words = noted_words(text)
        key = (self._clock.now().date(), words, product_id)
        if not words or not 1 <= position <= LOWEST_POSITION:
            return
        if key not in self._clicks and len(self._clicks) >= MOST_NOTED:
            return
        counts = self._clicks.setdefault(key, [0, 0])
        counts[0] += 1
        counts[1] += position
        self._write_soon()

    def viewed(self, customer_id: str, product_ids: Iterable[str]) -> None:
        """Notes that a customer or guest looked at products, the last one last."""
        for product_id in product_ids:
            if len(self._views) >= MOST_NOTED:
                break
            self._views.pop((customer_id, product_id), None)
            self._views[customer_id, product_id] = None
        if self._views:
            self._write_soon()

    async def write(self) -> None:
        """Writes what was noted up to now, in one transaction; when it returns nothing of it is under way any more."""
        async with self._one_at_a_time:
            searches, self._searches = self._searches, {}
            clicks, self._clicks = self._clicks, {}
            views, self._views = self._views, {}
            if not (searches or clicks or views):
                return
            try:
                async with self._database.write() as connection:
                    await _write_searches(connection, searches)
                    await _write_clicks(connection, clicks)
                    if views:
                        await viewed.write(connection, list(views), self._clock.now())
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                # Counts are worth no retry; the next ones are written again.
                log.warning("search_notes_lost", error=type(error).__name__, searches=len(searches), clicks=len(clicks))

    async def close(self) -> None:
        """Writes what is left."""
        if self._writing is not None:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing
        await self.write()

    def _write_soon(self) -> None:
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_later(), name="search notes")

    async def _write_later(self) -> None:
        while self._searches or self._clicks or self._views:
            await asyncio.sleep(WRITTEN_AFTER_SECONDS)
            await self.write()


async def sweep(connection: Connection, today: date) -> int:
    """Deletes counts whose time is over; how many."""
    oldest = today - KEPT_FOR
    deleted = 0
    for table in ("platform.searches", "platform.search_clicks"):
        status = await connection.execute(f"DELETE FROM {table} WHERE day < $1", oldest)
        deleted += int(status.split()[-1])
    return deleted


async def _write_searches(connection: Connection, noted: dict[tuple[date, str], list[int]]) -> None:
    # In one order everywhere, so that processes wait for each other's rows and never in a circle.
    rows = [[day, words, *counts] for (day, words), counts in sorted(noted.items())]
    if rows:
        await connection.execute(_SEARCHES, *map(list, zip(*rows, strict=True)), MOST_WORDS_A_DAY)


async def _write_clicks(connection: Connection, noted: dict[tuple[date, str, str], list[int]]) -> None:
    rows = [[day, words, product_id, *counts] for (day, words, product_id), counts in sorted(noted.items())]
    if rows:
        await connection.execute(_CLICKS, *map(list, zip(*rows, strict=True)), MOST_CLICKED_A_DAY)


_SEARCHES = """
INSERT INTO platform.searches AS s (day, words, searches, without_results, relaxed, complete)
SELECT n.* FROM unnest($1::date[], $2::text[], $3::int[], $4::int[], $5::int[], $6::int[])
    AS n (day, words, searches, without_results, relaxed, complete)
WHERE EXISTS (SELECT FROM platform.searches k WHERE k.day = n.day AND k.words = n.words COLLATE "C")
   OR (SELECT count(*) FROM platform.searches k WHERE k.day = n.day) < $7::int
ON CONFLICT (day, words) DO UPDATE SET searches = s.searches + excluded.searches,
    without_results = s.without_results + excluded.without_results, relaxed = s.relaxed + excluded.relaxed,
    complete = s.complete + excluded.complete"""

# A click without a search before it is nobody's; products are those of the shop.
_CLICKS = """
INSERT INTO platform.search_clicks AS c (day, words, product_id, clicks, positions)
SELECT n.* FROM unnest($1::date[], $2::text[], $3::text[], $4::int[], $5::bigint[])
    AS n (day, words, product_id, clicks, positions)
WHERE EXISTS (SELECT FROM platform.searches k WHERE k.day IN (n.day, n.day - 1) AND k.words = n.words COLLATE "C")
  AND EXISTS (SELECT FROM shop.products p WHERE p.id = n.product_id COLLATE "C")
  AND (SELECT count(*) FROM platform.search_clicks k WHERE k.day = n.day) < $6::int
ON CONFLICT (day, words, product_id) DO UPDATE SET clicks = c.clicks + excluded.clicks,
    positions = c.positions + excluded.positions"""
