"""Constraints of an understood sentence as SQL conditions on the read model, and the variants that meet them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.listing import Conditions
from bottega.shop.catalogue.understanding.model import Constraint


@dataclass(frozen=True, slots=True)
class MatchedVariant:
    """A variant that meets every constraint by itself."""

    product_id: str
    variant_id: str
    options: dict[str, str]
    price_minor: int
    in_stock: bool


def conditions_of(constraints: Sequence[Constraint], currency: str, conditions: Conditions) -> None:
    """Adds to `conditions` what search.products as `p` must meet; price, option and stock of one and the same variant."""


async def matching_variants(
    connection: Connection, product_ids: Sequence[str], constraints: Sequence[Constraint], currency: str, now: datetime
) -> dict[str, list[MatchedVariant]]:
    """For every product its active variants that meet the constraints, the cheapest first."""
    return {}
