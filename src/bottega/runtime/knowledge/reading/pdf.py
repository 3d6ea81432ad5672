"""PDF files: the text of each page, paragraph by paragraph."""

import io
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from bottega.kernel.errors import Invalid
from bottega.runtime.knowledge.model import Block, ReadDocument
from bottega.runtime.knowledge.reading.headings import title_from_path

MOST_PAGES = 500
LARGEST_PAGE_CHARACTERS = 50_000


def read_pdf(path: str, content: bytes) -> ReadDocument:
    """Blocks of a PDF; the section of each is its page. Encrypted and broken files are `Invalid`."""
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            raise Invalid("document_encrypted", f"{path} is encrypted.", next_step="Save it without a password.")
        if len(reader.pages) > MOST_PAGES:
            raise Invalid(
                "document_too_long",
                f"{path} has {len(reader.pages)} pages; at most {MOST_PAGES} are read.",
                next_step="Split it.",
            )
        blocks = tuple(_blocks(reader))
        stated = (reader.metadata.title if reader.metadata else None) or ""
    # A broken file fails deep inside the parser in many ways; each of them means the same to the shop.
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OSError) as error:
        raise Invalid(
            "document_broken",
            f"{path} cannot be read as PDF ({type(error).__name__}).",
            next_step="Save it anew with another program.",
        ) from None
    return ReadDocument(
        title=stated.strip()[:300] or title_from_path(path), blocks=blocks, media_type="application/pdf"
    )


def _blocks(reader: PdfReader) -> Iterator[Block]:
    for number, page in enumerate(reader.pages, start=1):
        for paragraph in _paragraphs(page.extract_text()[:LARGEST_PAGE_CHARACTERS]):
            yield Block((f"page {number}",), paragraph)


def _paragraphs(text: str) -> Iterator[str]:
    """Lines joined until an empty one, or one that ends a sentence well before the others' width."""
    lines = [line.strip() for line in text.splitlines()]
    width = max((len(line) for line in lines), default=0)
    gathered: list[str] = []
    for line in lines:
        if line:
            gathered.append(line)
        ends = not line or (line.endswith((".", ":", "!", "?")) and len(line) < 0.8 * width)
        if ends and gathered:
            yield " ".join(gathered)
            gathered = []
    if gathered:
        yield " ".join(gathered)
