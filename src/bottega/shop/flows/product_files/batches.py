"""Rows gathered into batches of a size that one action takes, with what stands in a file twice sorted out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bottega.shop.flows.import_products import MAXIMUM_PRODUCTS
from bottega.shop.flows.product_files.rows import BadRow, GoodRow, ParsedRow

BATCH_BYTES = 1_000_000
BATCH_VARIANTS = 1_000


@dataclass(slots=True)
class Batch:
    """Consecutive rows of a file."""

    good: list[GoodRow] = field(default_factory=list[GoodRow])
    bad: list[BadRow] = field(default_factory=list[BadRow])
    last_row: int = 0
    size_bytes: int = 0
    variants: int = 0

    def add(self, row: ParsedRow) -> None:
        self.last_row = max(self.last_row, row.number)
        if isinstance(row, BadRow):
            self.bad.append(row)
            return
        self.good.append(row)
        self.size_bytes += row.size_bytes
        self.variants += len(row.record.variants)

    @property
    def is_full(self) -> bool:
        return (
            len(self.good) >= MAXIMUM_PRODUCTS
            or self.size_bytes >= BATCH_BYTES
            or self.variants >= BATCH_VARIANTS
            or len(self.bad) >= BATCH_VARIANTS
        )


def batches(rows: Iterable[ParsedRow], rows_done: int) -> Iterator[Batch]:
    """The rows after `rows_done` in batches; the ones before are looked at for what they already name."""
    batch = Batch()
    for row in without_repeats(rows):
        if row.number <= rows_done:
            continue
        batch.add(row)
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch.last_row:
        yield batch


def without_repeats(rows: Iterable[ParsedRow]) -> Iterator[ParsedRow]:
    """The rows, those bad that name a handle, source id or SKU of an earlier one."""
    first_rows: dict[tuple[str, str], int] = {}
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        record = row.record
        keys = [("handle", record.handle), *(("sku", variant.sku) for variant in record.variants)]
        if record.source:
            keys.append(("source_id", f"{record.source}/{record.source_id}"))
        earlier = next((key for key in keys if key in first_rows), None)
        if earlier is not None:
            name, value = earlier
            yield BadRow(row.number, name, f"'{value}' stands in row {first_rows[earlier]} already")
            continue
        first_rows.update((key, row.number) for key in keys)
        yield row
