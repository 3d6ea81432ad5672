"""Where one can go in the console, grouped; each place is shown to the roles that its page is for."""

from collections.abc import Iterable
from dataclasses import dataclass

from bottega.web.faces import Page


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation; `counts` names the figure of the frame that stands beside it."""

    title: str
    path: str
    icon: str
    counts: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Places that belong together; the first section has no title."""

    title: str
    places: tuple[Place, ...]


SECTIONS = (
    Section(
        "",
        (
            Place("Today", "", "today"),
            Place("Approvals", "/approvals", "shield", "approvals"),
            Place("Conversations", "/conversations", "chat", "conversations"),
        ),
    ),
    Section(
        "Selling",
        (
            Place("Orders", "/orders", "box"),
            Place("Returns", "/returns", "return"),
            Place("Customers", "/customers", "account"),
            Place("Tickets", "/tickets", "ticket"),
            Place("Reviews", "/reviews", "star"),
        ),
    ),
    Section(
        "Goods",
        (
            Place("Products", "/products", "tag"),
            Place("Prices", "/prices", "coin"),
            Place("Stock", "/stock", "layers"),
            Place("Promotions", "/promotions", "percent"),
            Place("Search tuning", "/search-tuning", "search"),
        ),
    ),
    Section(
        "Agents",
        (
            Place("Runs", "/runs", "runs"),
            Place("Models", "/models", "chip"),
            Place("Knowledge", "/knowledge", "document"),
            Place("Memory", "/memory", "person"),
            Place("Policies", "/policies", "scales"),
        ),
    ),
    Section(
        "The record",
        (
            Place("Log", "/log", "log"),
            Place("Reports", "/reports", "chart"),
        ),
    ),
    Section(
        "Set up",
        (
            Place("Connectors and jobs", "/jobs", "plug", "dead"),
            Place("Settings", "/settings", "gear"),
            Place("Staff", "/staff", "people"),
            Place("API keys", "/api-keys", "key"),
        ),
    ),
)


def paths_for(role: str, pages: Iterable[Page]) -> frozenset[str]:
    """The paths of the pages that a role may look at."""
    return frozenset(page.path for page in pages if page.method == "GET" and role in (page.roles or ()))


def deeds_for(role: str, pages: Iterable[Page]) -> frozenset[str]:
    """The paths of the forms that a role may send, by which templates know what buttons are worth showing."""
    return frozenset(page.path for page in pages if page.method == "POST" and role in (page.roles or ()))


def sections_for(role: str, pages: Iterable[Page]) -> list[Section]:
    """What there is for a role; a place without a page, and a section without a place, is left out."""
    paths = paths_for(role, pages)
    found = (
        Section(section.title, tuple(place for place in section.places if place.path in paths)) for section in SECTIONS
    )
    return [section for section in found if section.places]


def here(path: str, prefix: str) -> str:
    """The path of the place that an address belongs to."""
    within = path.removeprefix(prefix)
    places = sorted((place.path for section in SECTIONS for place in section.places), key=len, reverse=True)
    return next((place for place in places if place and (within == place or within.startswith(f"{place}/"))), "")
