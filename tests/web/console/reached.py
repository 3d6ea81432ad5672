"""An address for every page of the console, found as a colleague finds them: by the links of the pages before."""

import re
from collections.abc import Awaitable, Callable

from selectolax.lexbor import LexborHTMLParser
from starlette.routing import compile_path

from bottega.web import console

PREFIX = console.FACE.prefix
# Data of plots, files and parts of pages are no pages; who is signed in does not see the ways in.
NO_PAGES = (".json", ".csv", "/log/export", "/conversations/list", "/turns")
WAYS_IN = ("/sign-in", "/password-reset", "/password-reset/choice")
# The page at an address, None where there is none (any more).
Fetch = Callable[[str], Awaitable[str | None]]


def looked_at() -> list[str]:
    """The path of every whole page that somebody sees who is signed in."""
    paths = [page.path for page in console.FACE.pages if page.method == "GET"]
    return [path for path in paths if path not in WAYS_IN and not path.endswith(NO_PAGES)]


async def reached(fetch: Fetch) -> dict[str, str]:
    """The first address found for each path that answers; what no link leads to is missing."""
    literal = {PREFIX + page.path for page in console.FACE.pages if "{" not in page.path}
    patterns = {path: compile_path(PREFIX + path)[0] for path in looked_at() if "{" in path}
    found: dict[str, str] = {}
    waiting = [(path, PREFIX + path) for path in looked_at() if "{" not in path]
    while waiting:
        path, address = waiting.pop(0)
        text = None if path in found else await fetch(address)
        if text is not None:
            found[path] = address
            for target in dict.fromkeys(_targets(text)):
                matched = [path for path, pattern in patterns.items() if pattern.match(target)]
                waiting += [(path, target) for path in matched if path not in found and target not in literal]
    return found


def _targets(text: str) -> list[str]:
    """Where links and forms of a page lead; what a form asks first has a page at the same address."""
    tree = LexborHTMLParser(text)
    links = [node.attributes["href"] for node in tree.css(f"a[href^='{PREFIX}']")]
    forms = [node.attributes["action"] for node in tree.css(f"form[action^='{PREFIX}']")]
    return [re.split(r"[?#]", target or "")[0] for target in (*links, *forms)]
