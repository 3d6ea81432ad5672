"""Work lists: what a colleague asked of a list (search, filters, order, page), and the list that is shown for it.

A page parses the address with `asked_of`, reads one row more than a page holds, and gives `WorkList` to the
template `console/components/work_list/work_list.html`, which draws a table, and cards on a phone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

from bottega.web.visit import Visit

ROWS_PER_PAGE = 50
LAST_PAGE = 200
LONGEST_SEARCH_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `sort` names the order that its head offers, `is_number` puts it to the right."""

    title: str
    sort: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice above the list; the first option is everything."""

    name: str
    title: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BulkDeed:
    """A button for all chosen rows; `path` is where the form goes, with `asks` before it does."""

    title: str
    path: str
    asks: str = ""
    tone: str = "quiet"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks of a list; unknown filters, options and orders count as not asked."""

    path: str
    text: str
    chosen: Mapping[str, str]
    sort: str
    descending: bool
    page: int

    @property
    def offset(self) -> int:
        return (self.page - 1) * ROWS_PER_PAGE

    @property
    def limit(self) -> int:
        """One more than is shown: it says that there is another page."""
        return ROWS_PER_PAGE + 1

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text) or any(self.chosen.values())

    def order(self, columns: Mapping[str, str]) -> str:
        """What stands behind ORDER BY: the SQL of the asked order, whose last column should be unique."""
        return ", ".join(
            f"{part.strip()} {'DESC' if self.descending else 'ASC'}" for part in columns[self.sort].split(",")
        )

    def address(self, **changes: Any) -> str:
        """The same list asked otherwise; anything but another page begins at the first."""
        values: dict[str, Any] = {"q": self.text, **self.chosen, "sort": self._sort_value(), "page": self.page}
        if "page" not in changes:
            values["page"] = 1
        values.update(changes)
        left = {name: value for name, value in values.items() if value not in ("", None, 1) or name not in values}
        return f"{self.path}?{urlencode(left)}" if left else self.path

    def sorted_address(self, sort: str) -> str:
        """The list by that column, the other way round when it is sorted by it already."""
        turned = sort == self.sort and not self.descending
        return self.address(sort=f"-{sort}" if turned else sort)

    def _sort_value(self) -> str:
        return f"-{self.sort}" if self.descending else self.sort


def asked_of(visit: Visit, *, sorts: Sequence[str], default: str, filters: Sequence[Filter] = ()) -> Asked:
    """Reads the query of the address; `default` is an order, with `-` before it for the greatest first."""
    query = visit.request.query_params
    chosen = {
        one.name: query.get(one.name, "") if query.get(one.name, "") in dict(one.options) else "" for one in filters
    }
    asked = query.get("sort", default)
    if asked.removeprefix("-") not in sorts:
        asked = default
    page = query.get("page", "1")
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 5 else 1
    return Asked(
        path=visit.request.url.path,
        text=query.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH_CHARACTERS],
        chosen=chosen,
        sort=asked.removeprefix("-"),
        descending=asked.startswith("-"),
        page=min(max(number, 1), LAST_PAGE),
    )


@dataclass(frozen=True, slots=True)
class WorkList:
    """A list as it is shown. `rows` are those read, the one too many included."""

    name: str
    asked: Asked
    columns: tuple[Column, ...]
    rows: Sequence[Any]
    filters: tuple[Filter, ...] = ()
    # What the search field says it looks for; empty for lists without one.
    searches: str = ""
    deeds: tuple[BulkDeed, ...] = ()
    # The attribute or member of a row that a chosen row is named by.
    key: str = "id"
    nothing: str = "Nothing here."
    hidden: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def shown(self) -> Sequence[Any]:
        return self.rows[:ROWS_PER_PAGE]

    @property
    def next_address(self) -> str:
        more = len(self.rows) > ROWS_PER_PAGE and self.asked.page < LAST_PAGE
        return self.asked.address(page=self.asked.page + 1) if more else ""

    @property
    def previous_address(self) -> str:
        return self.asked.address(page=self.asked.page - 1) if self.asked.page > 1 else ""

    @property
    def range_words(self) -> str:
        """`51–100`."""
        first = self.asked.offset + 1
        return f"{first:,}–{first + len(self.shown) - 1:,}" if self.shown else "0"

    def key_of(self, row: Any) -> str:
        """What a chosen row is named by in the form."""
        return str(_part_of(row, self.key))

    def name_of(self, row: Any) -> str:
        """What a row is called aloud: its number, its title with the SKU, its name; with its key where others are
        called the same, as jobs of one kind are."""
        called = self._called(row)
        alike = sum(self._called(other) == called for other in self.shown)
        return called if called and alike < 2 else ", ".join(filter(None, (called, self.key_of(row))))

    def _called(self, row: Any) -> str:
        called = next((found for part in ("number", "title", "name") if (found := _part_of(row, part))), None)
        return ", ".join(str(word) for word in (called, _part_of(row, "sku")) if word)


def _part_of(row: Any, name: str) -> Any:
    if isinstance(row, Mapping):
        return cast("Mapping[str, Any]", row).get(name)
    return getattr(row, name, None)
