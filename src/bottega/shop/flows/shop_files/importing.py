"""Bringing another shop's whole data in: products, then customers, then orders, in batches, bad rows reported."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import orjson

from bottega.actions.actor import Actor, Cause
from bottega.actions.perform import Performer
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Database
from bottega.shop.flows.import_customers import MAXIMUM_ROWS, ImportCustomers
from bottega.shop.flows.import_orders import ImportOrders
from bottega.shop.flows.import_products import UpsertProducts
from bottega.shop.flows.product_files.rows import BadRow, GoodRow, RowFile
from bottega.shop.flows.shop_files import tau_retail
from bottega.shop.flows.shop_files.records import CustomerRecord, OrderRecord
from bottega.shop.stock.actions import CreateLocation

ShopFormat = Literal["tau-retail"]
SECTIONS = ("products", "users", "orders")
LARGEST_FILE_BYTES = 512 * 1024**2
PRODUCTS_AT_ONCE = 50
REJECTIONS_LISTED = 1_000

Progress = Callable[[int, int], None]
T = TypeVar("T")


@dataclass(slots=True)
class SectionSummary:
    """What became of one section's rows."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(slots=True)
class ShopSummary(SectionSummary):
    """The whole file, each section, and at most 1,000 rejections; all are counted."""

    sections: dict[str, SectionSummary] = field(default_factory=dict[str, SectionSummary])
    rejections: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def count(self, section: str, rows: int, result: Mapping[str, Any]) -> None:
        """Adds what an action did with its rows."""
        for figures in (self, self.sections.setdefault(section, SectionSummary())):
            figures.read += rows
            figures.created += result.get("created", 0)
            figures.updated += result.get("updated", 0)
            figures.unchanged += result.get("unchanged", 0)

    def reject(self, section: str, number: int, bad: BadRow) -> None:
        """Adds a row that did not go in."""
        for figures in (self, self.sections.setdefault(section, SectionSummary())):
            figures.rejected += 1
        if len(self.rejections) < REJECTIONS_LISTED:
            self.rejections.append({"section": section, **bad.as_record(), "row": number})

    def as_record(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ShopChoices:
    """How a file is read: who charges its cards, and where its goods lie."""

    format: ShopFormat = "tau-retail"
    gateway: str = "sandbox"
    location: str = "main"
    strict: bool = False


def unheard(done: int, total: int) -> None:
    """Progress that nobody watches."""
    del done, total


class ShopImport:
    """Imports one file for one actor."""

    def __init__(self, database: Database, performer: Performer, by: Actor, choices: ShopChoices) -> None:
        self._database = database
        self._performer = performer
        self._by = by
        self._choices = choices
        self._because = Cause("import", new_id("imp"))

    async def import_file(self, path: Path, progress: Progress = unheard) -> ShopSummary:
        """Brings the good rows in and lists the bad ones; rows that are here already stay as they are.

        With `strict` one bad row refuses the file, and nothing changes. Raises `NotFound` and `Invalid` when the file
        cannot be read. `progress` is told rows done and rows in all.
        """
        content = read_shop(path)
        summary = ShopSummary()
        if self._choices.strict and self._refuses(content, summary):
            return summary
        total = sum(len(content[section]) for section in SECTIONS)
        await self._ensure_location()
        for batch in _batches(tau_retail.products(content["products"], self._choices.location), PRODUCTS_AT_ONCE):
            await self._bring_in_products(batch, summary)
            progress(summary.read, total)
        for people in _batches(tau_retail.customers(content["users"], self._choices.gateway), MAXIMUM_ROWS):
            await self._bring_in_customers(people, summary)
            progress(summary.read, total)
        for orders in _batches(tau_retail.orders(content["orders"], _names(content["users"])), MAXIMUM_ROWS):
            await self._bring_in_orders(orders, summary)
            progress(summary.read, total)
        return summary

    def _refuses(self, content: Mapping[str, Any], summary: ShopSummary) -> bool:
        """Whether a row would not go in; lists each."""
        items: set[str] = set()
        methods: dict[str, set[str]] = {}
        for row in tau_retail.products(content["products"], self._choices.location):
            if isinstance(row, BadRow):
                summary.reject("products", row.number, row)
            else:
                items |= {variant.sku for variant in row.record.variants}
        for number, row in tau_retail.customers(content["users"], self._choices.gateway):
            if isinstance(row, BadRow):
                summary.reject("customers", number, row)
            else:
                methods[row.source_id] = {instrument.source_id for instrument in row.instruments}
        for number, row in tau_retail.orders(content["orders"], _names(content["users"])):
            bad = row if isinstance(row, BadRow) else tau_retail.contradiction(number, row, items, methods)
            if bad is not None:
                summary.reject("orders", number, bad)
        if summary.rejected:
            summary.read = sum(len(content[section]) for section in SECTIONS)
        return summary.rejected > 0

    async def _ensure_location(self) -> None:
        async with self._database.read() as connection:
            known = await connection.fetchval("SELECT id FROM shop.locations WHERE handle = $1", self._choices.location)
        if known is None:
            name = self._choices.location.replace("-", " ").title()
            await self._perform(CreateLocation(handle=self._choices.location, name=name))

    async def _bring_in_products(self, batch: list[GoodRow | BadRow], summary: ShopSummary) -> None:
        good = [row for row in batch if isinstance(row, GoodRow)]
        _note_bad(summary, "products", [(row.number, row) for row in batch])
        result: dict[str, Any] = {}
        if good:
            result = await self._perform(
                UpsertProducts(products=tuple(row.record for row in good), reference=str(self._because))
            )
        summary.count("products", len(batch), result)
        for refused in result.get("rejections", ()):
            place: int = refused["row"]
            number = good[place].number
            summary.reject("products", number, BadRow(number, refused["field"], refused["reason"]))

    async def _bring_in_customers(self, batch: list[tuple[int, CustomerRecord | BadRow]], summary: ShopSummary) -> None:
        good = tuple(row for _, row in batch if isinstance(row, CustomerRecord))
        _note_bad(summary, "customers", batch)
        result: dict[str, Any] = {}
        if good:
            result = await self._perform(ImportCustomers(source=tau_retail.SOURCE, customers=good))
        summary.count("customers", len(batch), result)

    async def _bring_in_orders(self, batch: list[tuple[int, OrderRecord | BadRow]], summary: ShopSummary) -> None:
        good = [(number, row) for number, row in batch if isinstance(row, OrderRecord)]
        _note_bad(summary, "orders", batch)
        result: dict[str, Any] = {}
        if good:
            orders = tuple(row for _, row in good)
            result = await self._perform(ImportOrders(source=tau_retail.SOURCE, orders=orders))
        summary.count("orders", len(batch), result)
        for refused in result.get("rejections", ()):
            place: int = refused["row"]
            number = good[place][0]
            summary.reject("orders", number, BadRow(number, refused["field"], refused["reason"]))

    async def _perform(self, action: Any) -> dict[str, Any]:
        return (await self._performer.perform(action, by=self._by, because=self._because)).unwrap()


def read_shop(path: Path) -> dict[str, dict[str, Any]]:
    """The file's object with its three sections; plain or gzip."""
    file = RowFile(path)
    try:
        text = file.stream.read(LARGEST_FILE_BYTES + 1)
    except (OSError, EOFError) as error:
        raise Invalid("file_damaged", f"The file breaks off: {error}.", next_step="Fetch it again.") from error
    finally:
        file.close()
    if len(text) > LARGEST_FILE_BYTES:
        raise Invalid("file_too_large", f"A shop's file has at most {LARGEST_FILE_BYTES} bytes.")
    try:
        content: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid("not_json", f"The file is not JSON: {error}.", next_step="Check --format.") from error
    if not isinstance(content, dict):
        raise Invalid("wrong_form", "The file is not one JSON object.", next_step="Check --format.")
    sections = cast("dict[str, Any]", content)
    for section in SECTIONS:
        if not isinstance(sections.get(section), dict):
            raise Invalid("wrong_form", f"The file has no object '{section}'.", next_step="Check --format.")
    return sections


def _names(users: Mapping[str, Any]) -> dict[str, str]:
    names: dict[str, str] = {}
    for user_id, row in users.items():
        try:
            names[user_id] = tau_retail.user_name(row)
        except (KeyError, TypeError):
            continue
    return names


def _note_bad(summary: ShopSummary, section: str, batch: Iterable[tuple[int, Any]]) -> None:
    for number, row in batch:
        if isinstance(row, BadRow):
            summary.reject(section, number, row)


def _batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    source = iter(rows)
    while batch := list(islice(source, size)):
        yield batch
