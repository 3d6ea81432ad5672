"""What the address of a list asks for: filters, order and page; and the addresses of its neighbours."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from bottega.kernel.errors import Invalid
from bottega.kernel.money import CURRENCY_DIGITS
from bottega.shop.catalogue.listing import Filters, Sort
from bottega.shop.catalogue.search_records import SearchSort
from bottega.web.wording import money

PAGE_SIZE = 24
LONGEST_QUERY = 300
MOST_REMOVED = 30
LIST_SORTS: dict[SearchSort, str] = {
    "newest": "Newest first",
    "price": "Price: low to high",
    "-price": "Price: high to low",
    "title": "Name",
}
SEARCH_SORTS: dict[SearchSort, str] = {
    "relevance": "Best match",
    "price": "Price: low to high",
    "-price": "Price: high to low",
    "rating": "Best rated",
    "newest": "Newest first",
}
_WIDTHS = {"category": 400, "collection": 120, "brand": 200, "tag": 100}
SEARCH = "/search"


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that the list is narrowed by, and the address without it."""

    label: str
    without: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; `base` is the path, `removed` are keys of understood constraints that were taken away."""

    base: str
    filters: Filters
    text: str = ""
    sort: SearchSort = "newest"
    after: str = ""
    removed: tuple[str, ...] = ()

    @property
    def is_search(self) -> bool:
        return self.base == SEARCH

    @property
    def list_sort(self) -> Sort:
        """The order as lists know it; those that only a search has are not offered there."""
        match self.sort:
            case "price" | "-price" | "title":
                return self.sort
            case _:
                return "newest"

    def address(self, **changes: Any) -> str:
        """The address of the same list with other filters, from its first page."""
        return replace(self, filters=replace(self.filters, **changes), after="").here

    def without(self, key: str) -> str:
        """The address without an understood constraint."""
        return replace(self, removed=(*self.removed, key), after="").here

    def with_again(self, key: str) -> str:
        """The address with a constraint that was taken away before."""
        return replace(self, removed=tuple(one for one in self.removed if one != key), after="").here

    def saying(self, text: str) -> str:
        """The address of a search for another text."""
        return replace(self, text=text, removed=(), after="").here

    def next_address(self, position: str) -> str:
        """The address of the page after a position."""
        return replace(self, after=position).here

    @property
    def here(self) -> str:
        """The address itself."""
        written = urlencode([*self.fields, *([("after", self.after)] if self.after else [])])
        return f"{self.base}?{written}" if written else self.base

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What the address says after its path but for the page: forms that narrow further carry it along."""
        filters = self.filters
        fixed = "category" if self.base.startswith("/c/") else "collection" if self.base.startswith("/col") else ""
        usual = "relevance" if self.is_search else "newest"
        query: dict[str, object] = {
            "q": self.text or None,
            **{name: getattr(filters, name) for name in _WIDTHS if name != fixed},
            "in_stock": 1 if filters.in_stock else None,
            "on_sale": 1 if filters.on_sale else None,
            "from": self.whole(filters.minimum_minor) or None,
            "to": self.whole(filters.maximum_minor) or None,
            "sort": self.sort if self.sort != usual else None,
        }
        written = [(name, str(value)) for name, value in query.items() if value is not None]
        return written + [("without", key) for key in self.removed]

    def whole(self, amount_minor: int | None) -> str:
        """An amount in whole units of the currency, as the fields for prices hold it."""
        return "" if amount_minor is None else str(amount_minor // 10 ** CURRENCY_DIGITS[self.filters.currency])

    @property
    def chips(self) -> list[Chip]:
        """Chosen filters that can be taken back, beside the department or collection itself."""
        filters, found = self.filters, list[Chip]()
        if self.is_search and filters.category is not None:
            found.append(Chip(filters.category.rpartition("/")[2].replace("-", " "), self.address(category=None)))
        if filters.brand is not None:
            found.append(Chip(filters.brand, self.address(brand=None)))
        if filters.tag is not None:
            found.append(Chip(filters.tag, self.address(tag=None)))
        if filters.in_stock:
            found.append(Chip("in stock", self.address(in_stock=None)))
        if filters.on_sale:
            found.append(Chip("on sale", self.address(on_sale=None)))
        if filters.minimum_minor is not None:
            label = f"from {money(filters.minimum_minor, filters.currency)}"
            found.append(Chip(label, self.address(minimum_minor=None)))
        if filters.maximum_minor is not None:
            label = f"up to {money(filters.maximum_minor, filters.currency)}"
            found.append(Chip(label, self.address(maximum_minor=None)))
        return found


def wish_of(given: QueryParams, base: str, currency: str, **fixed: str) -> Wish:
    """Out of the query; what makes no sense there is left out, because people edit addresses."""
    chosen = {name: fixed.get(name) or _short(given.get(name), width) for name, width in _WIDTHS.items()}
    filters = Filters(
        currency,
        in_stock=True if given.get("in_stock") else None,
        on_sale=True if given.get("on_sale") else None,
        minimum_minor=_amount(given, "from", currency),
        maximum_minor=_amount(given, "to", currency),
        **chosen,
    )
    after = given.get("after", "")
    if len(after) > 1_000 or "\0" in after:
        raise Invalid("bad_cursor", "This page of the list does not exist.")
    text = " ".join(given.get("q", "").replace("\0", " ").split())[:LONGEST_QUERY]
    removed = tuple(key for key in given.getlist("without")[:MOST_REMOVED] if _short(key, 200))
    return Wish(base, filters, text, _sort(given.get("sort"), base), after, removed)


def _sort(name: str | None, base: str) -> SearchSort:
    match name:
        case "price" | "-price" | "title" | "rating" | "newest":
            return name
        case _:
            return "relevance" if base == SEARCH else "newest"


def _short(value: str | None, width: int) -> str | None:
    return value if value and len(value) <= width and "\0" not in value else None


def _amount(given: QueryParams, name: str, currency: str) -> int | None:
    """Whole units of the currency as people type them; None for anything else."""
    text = given.get(name, "").strip().removesuffix(".00")
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        return None
    return int(text) * 10 ** CURRENCY_DIGITS[currency]
