"""Static files: named by what is in them, kept for a year, compressed; and vendored ones as they came."""

import gzip
import hashlib
import re

from bottega.web.assets import FOREVER, ROOT
from tests.web.visitor import Visitor


def notices() -> list[dict[str, str]]:
    """The entries of the notice, each a mapping of its lines."""
    text = (ROOT / "vendor" / "NOTICE").read_text()
    entries = [entry for entry in text.split("\n\n") if entry.startswith("file:")]
    return [dict(line.split(": ", 1) for line in entry.strip().splitlines()) for entry in entries]


def test_vendored_files_are_what_the_notice_says() -> None:
    folder = ROOT / "vendor"
    named = {entry["file"]: entry for entry in notices()}
    files = {path.name for path in folder.iterdir()} - {"NOTICE"}
    licences = {name for name in files if name.endswith("LICENSE.txt")}
    assert files - licences == set(named)
    for name, entry in named.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == entry["sha256"], name
        assert re.search(r"\d+\.\d+\.\d+", name), f"{name} does not say its version"
        assert entry["licence"].rpartition(", ")[2] in licences, name


def test_htmx_is_the_pinned_one() -> None:
    script = (ROOT / "vendor" / "htmx-4.0.1.min.js").read_text()
    assert 'version="4.0.1"' in script.replace("'", '"')


async def test_files_are_kept_for_a_year_under_the_name_of_their_content(visitor: Visitor) -> None:
    page = await visitor.get("/")
    addresses = {
        node.attributes.get("href") or node.attributes.get("src")
        for node in page.tree.css("link[rel=stylesheet], link[rel=preload], link[rel=icon], script")
    }
    assert len(addresses) == 6
    for address in addresses:
        assert address is not None
        answer = await visitor.client.get(address)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, FOREVER), address
        digest = re.search(r"-([0-9a-f]{12})\.", address)
        assert digest is not None
        assert hashlib.sha256(answer.content).hexdigest().startswith(digest[1]), address


async def test_files_are_compressed_for_who_takes_that(visitor: Visitor) -> None:
    page = await visitor.get("/")
    address = page.tree.css_first("link[rel=stylesheet]")
    assert address is not None
    href = address.attributes["href"] or ""
    async with visitor.client.stream("GET", href, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    plain = (await visitor.client.get(href, headers={"Accept-Encoding": "identity"})).content
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain
    assert b"asset:" not in plain


async def test_another_name_is_no_file(visitor: Visitor) -> None:
    for path in ("/static/storefront-000000000000.css", "/static/../web/site.py", "/static/"):
        assert (await visitor.client.get(path)).status_code == 404, path
