"""Files of products that tests write, import and look at."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bottega.shop.flows.product_files.exporting import export_file
from bottega.shop.flows.product_files.importing import (
    FormatName,
    ImportChoices,
    ImportSummary,
    Progress,
    import_file,
    unseen,
)
from tests.shop_fixtures import OWNER, Shop


def icecat_row(number: int, **changes: Any) -> dict[str, Any]:
    """A row as Icecat has them."""
    return {
        "id": str(number),
        "name": f"TN-{number}",
        "title": f"Brother TN-{number} toner cartridge",
        "ean": [f"40{number:011d}"],
        "short_description": "Toner",
        "img_500x500": f"http://images.example/{number}.jpg",
        "date_released": "2009-12-10T00:00:00Z",
        "supplier": "Brother",
        "price": 4995,
        "attr_t_printing_colours": "Black",
        "attr_n_quantity_per_pack": 1.0,
        "attr_b_recycled": False,
        **changes,
    }


def written(path: Path, rows: Iterable[Any]) -> Path:
    """A file of JSON lines; texts stand as they are. A name that ends in .gz is compressed."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


async def imported(
    shop: Shop, path: Path, format_name: FormatName = "icecat", progress: Progress = unseen, **choices: Any
) -> ImportSummary:
    application = shop.application
    chosen = ImportChoices(format_name, **choices)
    return await import_file(application.database, application.performer, OWNER, path, chosen, progress)


async def exported(shop: Shop, path: Path, format_name: FormatName) -> int:
    return await export_file(shop.application.database, path, format_name)


def figures(summary: ImportSummary) -> tuple[int, int, int, int, int]:
    """read, created, updated, unchanged, rejected"""
    return summary.read, summary.created, summary.updated, summary.unchanged, summary.rejected
