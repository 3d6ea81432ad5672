"""Files of products: read through first, with every row that cannot go in, and then brought in."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from starlette.responses import Response

from bottega.kernel.errors import Invalid
from bottega.shop import shop_settings
from bottega.shop.flows.product_files.importing import (
    FormatName,
    ImportChoices,
    ImportSummary,
    import_file,
    look_through,
)
from bottega.web.console.products import queries
from bottega.web.console.registry import MANAGERS, deed, page
from bottega.web.forms import NO_FORM, Form, read_form
from bottega.web.visit import Visit, staff_of

# What a browser sends of a file; larger ones are for `bottega import products`.
LARGEST_FILE_BYTES = 3_000_000
FORMATS: list[tuple[FormatName, str]] = [
    ("jsonl", "Products, one JSON record per line"),
    ("shopify-csv", "Products as Shopify exports them (CSV)"),
    ("icecat", "Icecat products, one JSON record per line"),
]
REJECTIONS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Found:
    """What a file did, or would do: `is_done` says which."""

    summary: ImportSummary
    is_done: bool

    @property
    def good(self) -> int:
        """Rows that can go in."""
        return self.summary.read - self.summary.rejected

    @property
    def rejections(self) -> list[dict[str, Any]]:
        """The first of them, in the order of the file."""
        return self.summary.as_record()["rejections"][:REJECTIONS_SHOWN]


async def show(visit: Visit) -> Response:
    """The form, and the files that were brought in."""
    return await _page(visit, NO_FORM, None)


async def bring_in(visit: Visit) -> Response:
    """Looks through the file, or brings it in when the second button says so."""
    form = await read_form(visit.request, largest_bytes=3 * LARGEST_FILE_BYTES)
    _ = form.key
    text = form.exact("file_text")
    if not text.strip():
        raise Invalid("no_file", "There is nothing in the field.", next_step="Choose a file or paste its text.")
    async with visit.read() as connection:
        currency = (await shop_settings.current(connection)).currency
    choices = ImportChoices(_format_of(form), currency, stock_units=0)
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="bottega-import-")
    try:
        path = Path(folder.name) / "products"
        await asyncio.to_thread(path.write_text, text, encoding="utf-8", newline="")
        if form.text("step") == "import":
            by = staff_of(visit)
            summary = await import_file(visit.context.database, visit.context.performer, by, path, choices)
            return await _page(visit, form, Found(summary, is_done=True))
        summary = await look_through(visit.context.database, path, choices)
        return await _page(visit, form, Found(summary, is_done=False))
    finally:
        await asyncio.to_thread(folder.cleanup)


def _format_of(form: Form) -> FormatName:
    name = form.text("format")
    found = next((known for known in get_args(FormatName) if known == name), None)
    if found is None:
        raise Invalid("no_such_format", "This format is not known.", next_step="Choose one of the list.")
    return found


async def _page(visit: Visit, form: Form, found: Found | None) -> Response:
    async with visit.read() as connection:
        imports = await queries.imports(connection)
    return await visit.page(
        "console/products/import.html",
        private=True,
        formats=FORMATS,
        chosen_format=form.text("format", "jsonl"),
        text="" if found is not None and found.is_done else form.exact("file_text"),
        found=found,
        imports=imports,
    )


PAGES = (
    page("/products/import", show, MANAGERS),
    deed("/products/import", bring_in, MANAGERS),
)
