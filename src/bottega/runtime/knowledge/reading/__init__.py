"""Files of each kind, read into blocks under their headings."""

from collections.abc import Callable
from pathlib import PurePosixPath

from bottega.kernel.errors import Invalid
from bottega.runtime.knowledge.model import ReadDocument

LARGEST_FILE_BYTES = 10_000_000
SUFFIXES = frozenset({".md", ".markdown", ".txt", ".html", ".htm", ".pdf", ".docx"})


def read(path: str, content: bytes) -> ReadDocument:
    """A document out of a file's bytes; `Invalid` names what is wrong with it.

    The parsers are loaded with the first file of their kind: no process pays for those that it does not meet.
    """
    if len(content) > LARGEST_FILE_BYTES:
        raise Invalid(
            "document_too_large",
            f"{path} has {len(content):,} bytes; documents have at most {LARGEST_FILE_BYTES:,}.",
            next_step="Split it, or leave its pictures out.",
        )
    name = PurePosixPath(path)
    document = _reader(name.suffix.lower())(path, content)
    if not document.blocks:
        raise Invalid(
            "document_without_text",
            f"{path} holds no text.",
            next_step="A scanned document needs text recognition first.",
        )
    return document


def _reader(suffix: str) -> Callable[[str, bytes], ReadDocument]:
    match suffix:
        case ".md" | ".markdown" | ".txt":
            from bottega.runtime.knowledge.reading.markdown import read_markdown

            return read_markdown
        case ".html" | ".htm":
            from bottega.runtime.knowledge.reading.html import read_html

            return read_html
        case ".pdf":
            from bottega.runtime.knowledge.reading.pdf import read_pdf

            return read_pdf
        case ".docx":
            from bottega.runtime.knowledge.reading.docx import read_docx

            return read_docx
        case _:
            raise Invalid(
                "unknown_document_kind",
                f"Documents ending in '{suffix}' are not read.",
                next_step=f"Use one of {', '.join(sorted(SUFFIXES))}.",
            )
