"""What an order comes to when some of its lines become other variants or quantities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from bottega.actions.work import Work
from bottega.kernel.errors import Conflict, Invalid, NotFound
from bottega.kernel.money import round_minor
from bottega.platform.database.pool import Row
from bottega.shop.flows.checkout_lines import SellableLine, lines_of_variants
from bottega.shop.shop_settings import ShopSettings
from bottega.shop.taxes.queries import rates_for
from bottega.shop.taxes.tax import LineAmounts, LineTax, rate_of, split_lines


@dataclass(frozen=True, slots=True)
class AmendedLine:
    """A line as it was and as it becomes; `after` is None for a line that is taken out."""

    before: Row
    after: SellableLine | None
    tax: LineTax
    rate: Decimal

    def record(self) -> dict[str, Any]:
        """What the amendment keeps of it."""
        after = self.after
        return {
            "line_id": self.before["id"],
            "variant_id_before": self.before["variant_id"],
            "quantity_before": self.before["quantity"],
            "unit_price_minor_before": self.before["unit_price_minor"],
            "variant_id": None if after is None else after.variant_id,
            "quantity": 0 if after is None else after.quantity,
            "unit_price_minor": 0 if after is None else after.unit_price_minor,
        }


@dataclass(frozen=True, slots=True)
class AmendedOrder:
    """The lines that change and the order's new sums; net + tax + shipping − discount = total."""

    lines: Sequence[AmendedLine]
    net_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    difference_minor: int

    @property
    def same_product(self) -> bool:
        """Whether every new variant is of the product that the line had."""
        return all(line.after is None or line.after.product_id == line.before["product_id"] for line in self.lines)

    @property
    def same_variant(self) -> bool:
        """Whether some line keeps the variant it had."""
        return any(line.after is not None and line.after.variant_id == line.before["variant_id"] for line in self.lines)


async def amended(
    work: Work, order: Row, wanted: Mapping[str, tuple[str | None, int | None]], settings: ShopSettings
) -> AmendedOrder:
    """The sums of a locked order when lines (by id) become (variant, quantity); None keeps what the line has.

    New variants cost what they cost now; a line that keeps its variant keeps its price. A discount stays the same part
    of the line's price that it was when it was ordered.
    """
    rows = await work.connection.fetch(
        "SELECT * FROM shop.order_lines WHERE order_id = $1 ORDER BY position, id", order["id"]
    )
    known = {row["id"]: row for row in rows}
    for line_id in wanted:
        if line_id not in known:
            raise NotFound("no_such_line", f"Order {order['number']} has no line {line_id}.", next_step="Read it.")
    changes = [(known[line_id], *_change(known[line_id], *change)) for line_id, change in wanted.items()]
    kept = [(row, variant_id, quantity) for row, variant_id, quantity in changes if quantity > 0]
    if len(kept) == 0 and len(changes) == len(rows):
        raise Conflict("nothing_left", "The order would be empty.", next_step="Cancel it instead.")
    sellable = await lines_of_variants(
        work.connection, [(variant, quantity) for _, variant, quantity in kept], order["currency"], work.now
    )
    priced = {row["id"]: _at_its_price(row, line) for (row, _, _), line in zip(kept, sellable, strict=True)}
    lines = await _taxed(work, order, [(row, priced.get(row["id"])) for row, _, _ in changes], settings)
    return _sums(order, rows, lines)


def _change(row: Row, variant_id: str | None, quantity: int | None) -> tuple[str, int]:
    after = (variant_id or row["variant_id"], row["quantity"] if quantity is None else quantity)
    if after == (row["variant_id"], row["quantity"]):
        raise Invalid(
            "nothing_changes", f"Line {row['id']} already is that.", next_step="Name another variant or quantity."
        )
    return after


def _at_its_price(row: Row, line: SellableLine) -> SellableLine:
    """The price that was agreed on, where the variant stays."""
    if line.variant_id != row["variant_id"]:
        return line
    return replace(line, unit_price_minor=row["unit_price_minor"])


async def _taxed(
    work: Work, order: Row, changes: Sequence[tuple[Row, SellableLine | None]], settings: ShopSettings
) -> list[AmendedLine]:
    """The tax of the changed lines, at the rates of the day the order was placed."""
    rates: dict[str, Decimal] = {}
    if any(line is not None and line.tax_class != row["tax_class"] for row, line in changes):
        rates = await rates_for(work.connection, order["country"], order["placed_at"])
    amounts: list[LineAmounts] = []
    for row, line in changes:
        same_class = line is None or line.tax_class == row["tax_class"]
        rate = row["tax_rate"] if same_class else rate_of(rates, line.tax_class if line else "")
        amount = 0 if line is None else line.amount_minor
        discount = discount_share(row, amount, includes_tax=settings.prices_include_tax)
        amounts.append(LineAmounts(amount, discount, rate))
    taxes = split_lines(amounts, includes_tax=settings.prices_include_tax)
    return [
        AmendedLine(row, line, tax, amount.rate)
        for (row, line), tax, amount in zip(changes, taxes, amounts, strict=True)
    ]


def discount_share(row: Row | Mapping[str, Any], amount_minor: int, *, includes_tax: bool) -> int:
    """The discount, as shown to the shopper, on an amount that takes the place of an order line's price."""
    shown = row["quantity"] * row["unit_price_minor"]
    if shown == 0:
        return 0
    paid = row["net_minor"] - row["discount_minor"] + row["tax_minor"]
    discount = shown - paid if includes_tax else row["discount_minor"]
    return min(amount_minor, round_minor(Decimal(discount) * amount_minor / shown))


def _sums(order: Row, rows: Sequence[Row], lines: Sequence[AmendedLine]) -> AmendedOrder:
    changed = {line.before["id"] for line in lines}
    stays = [row for row in rows if row["id"] not in changed]
    net = sum(row["net_minor"] for row in stays) + sum(line.tax.net_minor for line in lines)
    discount = sum(row["discount_minor"] for row in stays) + sum(line.tax.discount_minor for line in lines)
    # The tax of the shipping is in the order's tax alone.
    tax = order["tax_minor"] + sum(line.tax.tax_minor - line.before["tax_minor"] for line in lines)
    total = net + tax + order["shipping_minor"] - discount
    return AmendedOrder(lines, net, discount, tax, total, total - order["total_minor"])
