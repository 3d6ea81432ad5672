"""HTML pages: what a reader of the page would see."""

from collections.abc import Iterator
from datetime import date

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bottega.runtime.knowledge.model import Block, ReadDocument
from bottega.runtime.knowledge.reading.headings import Headings, title_from_path

DEEPEST = 200
_NOT_READ_TEXT = """
script style template noscript nav iframe object svg math button input select textarea form head"""
_NOT_READ = frozenset(_NOT_READ_TEXT.split())
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_WHOLE = frozenset({"p", "li", "pre", "blockquote", "dt", "dd", "figcaption", "caption", "address"})


def read_html(path: str, content: bytes) -> ReadDocument:
    """Blocks of a page; scripts, navigation, forms and what is hidden from readers are left out."""
    page = LexborHTMLParser(content)
    headings = Headings()
    blocks = tuple(block for block in _blocks(page.body, headings, 0) if block.text) if page.body else ()
    stated = page.css_first("title")
    title = "" if stated is None else " ".join(stated.text().split())
    root = page.root
    return ReadDocument(
        title=(title or headings.title or title_from_path(path))[:300],
        blocks=blocks,
        media_type="text/html",
        label=_meta(page, "version"),
        language=("" if root is None else root.attributes.get("lang") or "")[:20],
        valid_from=_day(_meta(page, "valid_from")),
        valid_until=_day(_meta(page, "valid_until")),
    )


def _blocks(node: LexborNode, headings: Headings, depth: int) -> Iterator[Block]:
    for child in node.iter(include_text=True):
        tag = child.tag or ""
        if depth > DEEPEST or tag in _NOT_READ or _is_hidden(child):
            continue
        if tag in _HEADINGS:
            headings.enter(int(tag[1]), _text(child))
        elif tag == "table":
            yield from _rows(child, headings.path)
        elif tag in _WHOLE or tag == "-text":
            yield Block(headings.path, _text(child))
        else:
            yield from _blocks(child, headings, depth + 1)


def _rows(table: LexborNode, section: tuple[str, ...]) -> Iterator[Block]:
    heading = ""
    for row in table.css("tr"):
        cells = [_text(cell) for cell in row.css("th, td") if not _is_hidden(cell)]
        text = "| " + " | ".join(cells) + " |"
        if row.css_first("td") is None and not heading:
            heading = text
        elif any(cells):
            yield Block(section, text, heading_row=heading)


def _text(node: LexborNode) -> str:
    """Text as it is read, without what is hidden below."""
    if node.tag == "-text":
        return " ".join((node.text_content or "").split())
    return " ".join(" ".join(_visible(node, 0)).split())


def _visible(node: LexborNode, depth: int) -> Iterator[str]:
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            yield child.text_content or ""
        elif depth <= DEEPEST and child.tag not in _NOT_READ and not _is_hidden(child):
            yield from _visible(child, depth + 1)


def _is_hidden(node: LexborNode) -> bool:
    """Text that a person does not see must not reach a model either: it is how orders are smuggled into pages."""
    if node.tag == "-text":
        return False
    attributes = node.attributes
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or any(sign in style for sign in ("display:none", "visibility:hidden", "font-size:0", "opacity:0"))
    )


def _meta(page: LexborHTMLParser, name: str) -> str:
    found = page.css_first(f'meta[name="{name}"]')
    return "" if found is None else (found.attributes.get("content") or "")[:60]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
