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
Fetch = Callable[[str], Awaitable[str]]


def looked_at() -> list[str]:
    """The path of every whole page that somebody sees who is signed in."""
    paths = [page.path for page in console.FACE.pages if page.method == "GET"]
    return [path for path in paths if path not in WAYS_IN and not path.endswith(NO_PAGES)]


async def reached(fetch: Fetch) -> dict[str, str]:
    """The first address found for each path; `fetch` gives the page at an address. What no link leads to is missing."""
    paths = looked_at()
    found = {path: PREFIX + path for path in paths if "{" not in path}
    literal = {PREFIX + page.path for page in console.FACE.pages if "{" not in page.path}
    patterns = {path: compile_path(PREFIX + path)[0] for path in paths if "{" in path}
    waiting = list(found.values())
    while waiting and len(found) < len(paths):
        for target in _targets(await fetch(waiting.pop(0))):
            path = next((path for path, pattern in patterns.items() if pattern.match(target)), None)
            if path is not None and path not in found and target not in literal:
                found[path] = target
                waiting.append(target)
    return found


def _targets(text: str) -> list[str]:
    """Where links and forms of a page lead; what a form asks first has a page at the same address."""
    tree = LexborHTMLParser(text)
    links = [node.attributes["href"] for node in tree.css(f"a[href^='{PREFIX}']")]
    forms = [node.attributes["action"] for node in tree.css(f"form[action^='{PREFIX}']")]
    return [re.split(r"[?#]", target or "")[0] for target in (*links, *forms)]
