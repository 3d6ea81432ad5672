"""Markdown and plain text: the source's own lines, block by block."""

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bottega.kernel.errors import Invalid
from bottega.runtime.knowledge.model import Block, ReadDocument
from bottega.runtime.knowledge.reading import front_matter
from bottega.runtime.knowledge.reading.headings import Headings, title_from_path

_PARSER = MarkdownIt("commonmark").enable("table")
_LISTS = ("bullet_list_open", "ordered_list_open")


def read_markdown(path: str, content: bytes) -> ReadDocument:
    """Blocks of a Markdown file; comments and raw HTML in it are not read."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Invalid("not_utf8", f"{path} is not UTF-8 text.", next_step="Save it as UTF-8.") from None
    matter, body = front_matter.split(path, text)
    headings = Headings()
    blocks = tuple(_blocks(body, headings))
    return ReadDocument(
        title=matter.title or headings.title or title_from_path(path),
        blocks=blocks,
        media_type="text/markdown",
        label=matter.label,
        language=matter.language,
        valid_from=matter.valid_from,
        valid_until=matter.valid_until,
        trust=matter.trust,
    )


def _blocks(body: str, headings: Headings) -> Iterator[Block]:
    lines = body.split("\n")
    tokens = _PARSER.parse(body)
    for number, token in enumerate(tokens):
        if token.level > 0 or token.map is None or token.nesting < 0:
            continue
        if token.type == "heading_open":
            headings.enter(int(token.tag[1]), tokens[number + 1].content)
        elif token.type == "table_open":
            yield from _rows(_lines(lines, token), headings.path)
        elif token.type in _LISTS:
            yield from _items(lines, tokens[number + 1 :], headings.path)
        elif token.type not in ("html_block", "hr"):
            yield Block(headings.path, _lines(lines, token))


def _rows(table: str, section: tuple[str, ...]) -> Iterator[Block]:
    """One block per row, each with the first row, without which its cells mean nothing."""
    heading, _, *rows = table.split("\n")
    for row in rows:
        if row.strip():
            yield Block(section, row.strip(), heading_row=heading.strip())


def _items(lines: list[str], tokens: list[Token], section: tuple[str, ...]) -> Iterator[Block]:
    """The items of the list that has just begun, with what is nested in them."""
    for token in tokens:
        if token.level == 0:
            return
        if token.type == "list_item_open" and token.level == 1:
            yield Block(section, _lines(lines, token))


def _lines(lines: list[str], token: Token) -> str:
    assert token.map is not None, "block tokens know their lines"
    return "\n".join(lines[token.map[0] : token.map[1]]).strip()
