"""What a face of the shop is: its pages, its look, and what its layout always needs to know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from starlette.responses import Response

from bottega.web.wording import for_shoppers

if TYPE_CHECKING:
    from bottega.kernel.errors import Refusal
    from bottega.web.visit import Visit

PUBLIC_PREFIX = "/pictures/"
Method = Literal["GET", "POST"]
Endpoint = Callable[["Visit"], Awaitable[Response]]
# What the layout shows on every page: navigation, the cart's count, who is signed in.
Frame = Callable[["Visit"], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Page:
    """One address of a face, and what answers it."""

    method: Method
    path: str
    endpoint: Endpoint
    # What is the same for everybody: nobody is asked who they are, and no limit counts it.
    is_public: bool = False
    # Roles of staff that may come; None where everybody may, which the page itself then decides about.
    roles: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """`storefront` or `console`; its session cookie is its own and is sent below `prefix` alone."""

    name: str
    prefix: str
    cookie: str
    pages: Sequence[Page]
    frame: Frame
    asset_folders: Sequence[Path]
    failure_template: str
    words: Callable[[Refusal], str] = for_shoppers
    # Whose sessions count here: pages for staff take no other token for anybody.
    audience: Literal["customer", "staff"] = "customer"

    def holds(self, path: str) -> bool:
        """Whether an address is one of this face's."""
        return path == self.prefix or path.startswith(f"{self.prefix}/")


def get(path: str, endpoint: Endpoint) -> Page:
    """A page that is looked at."""
    return Page("GET", path, endpoint)


def get_public(path: str, endpoint: Endpoint) -> Page:
    """What everybody gets alike and browsers keep, such as a drawing; below `/pictures/`."""
    assert path.startswith(PUBLIC_PREFIX), "limits know public pages by their address"
    return Page("GET", path, endpoint, is_public=True)


def post(path: str, endpoint: Endpoint) -> Page:
    """A form that is sent."""
    return Page("POST", path, endpoint)
