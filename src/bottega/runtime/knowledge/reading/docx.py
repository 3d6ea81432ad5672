"""Word documents: paragraphs under their headings, and rows of tables, in their order."""

import io
import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import ParseError

from docx import Document
from docx.document import Document as WordDocument
from docx.opc.exceptions import OpcError
from docx.table import Table
from docx.text.paragraph import Paragraph

from bottega.kernel.errors import Invalid
from bottega.runtime.knowledge.model import Block, ReadDocument
from bottega.runtime.knowledge.reading.headings import Headings, title_from_path

LARGEST_UNPACKED_BYTES = 100_000_000
MOST_PARTS = 2_000


def read_docx(path: str, content: bytes) -> ReadDocument:
    """Blocks of a Word document; one that unpacks to far more than it seems is `Invalid`, like a broken one."""
    try:
        _check_size(path, content)
        document = Document(io.BytesIO(content))
        headings = Headings()
        blocks = tuple(block for block in _blocks(document, headings) if block.text)
        properties = document.core_properties
    except (zipfile.BadZipFile, OpcError, ParseError, KeyError, ValueError, SyntaxError, OSError) as error:
        raise Invalid(
            "document_broken",
            f"{path} cannot be read as a Word document ({type(error).__name__}).",
            next_step="Save it anew as .docx.",
        ) from None
    return ReadDocument(
        title=(properties.title.strip() or headings.title or title_from_path(path))[:300],
        blocks=blocks,
        media_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        label=properties.version[:60],
        language=properties.language[:20],
    )


def _check_size(path: str, content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED_BYTES:
            raise Invalid(
                "document_too_large",
                f"{path} unpacks to more than {LARGEST_UNPACKED_BYTES:,} bytes.",
                next_step="Leave its pictures out.",
            )


def _blocks(document: WordDocument, headings: Headings) -> Iterator[Block]:
    for element in document.iter_inner_content():
        match element:
            case Paragraph():
                yield from _paragraph(element, headings)
            case Table():
                yield from _rows(element, headings.path)


def _paragraph(paragraph: Paragraph, headings: Headings) -> Iterator[Block]:
    style = (paragraph.style.name or "") if paragraph.style is not None else ""
    text = " ".join("".join(run.text for run in paragraph.runs if not run.font.hidden).split())
    if style == "Title":
        headings.enter(1, text)
    elif style.startswith("Heading ") and style[8:].isdecimal():
        # A document without a title of its own may begin with a heading of level 1.
        headings.enter(int(style[8:]) + (1 if headings.title else 0), text)
    else:
        yield Block(headings.path, f"- {text}" if text and style.startswith("List") else text)


def _rows(table: Table, section: tuple[str, ...]) -> Iterator[Block]:
    heading = ""
    for row in table.rows:
        cells = [" ".join(cell.text.split()) for cell in row.cells]
        text = "| " + " | ".join(cells) + " |"
        if not heading:
            heading = text
        elif any(cells):
            yield Block(section, text, heading_row=heading)
