"""What units of an order line were paid with; pure."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from bottega.platform.database.pool import Row

OrderLine: TypeAlias = Row | Mapping[str, Any]


def paid_minor(line: OrderLine) -> int:
    """What a whole line came to: net − discount + tax."""
    return line["net_minor"] - line["discount_minor"] + line["tax_minor"]


def share_minor(line: OrderLine, quantity: int, returned_before: int) -> int:
    """What so many of a line's units were paid with.

    Shares are cut from the running sum, so that returning a line unit by unit gives back exactly what it came to.
    """
    whole, units = paid_minor(line), line["quantity"]
    return whole * (returned_before + quantity) // units - whole * returned_before // units
