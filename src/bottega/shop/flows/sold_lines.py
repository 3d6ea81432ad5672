"""Sellable lines with their tax as the lines of a new order."""

from collections.abc import Sequence
from decimal import Decimal

from bottega.actions.work import Work
from bottega.shop.flows.checkout_lines import SellableLine
from bottega.shop.orders.model import NewLine
from bottega.shop.taxes.tax import LineTax


def sold_lines(
    work: Work, lines: Sequence[SellableLine], taxes: Sequence[LineTax], rates: Sequence[Decimal]
) -> list[NewLine]:
    """One order line each, in the same order."""
    return [
        NewLine(
            id=work.new_id("oln"),
            variant_id=line.variant_id,
            product_id=line.product_id,
            sku=line.sku,
            title=line.title,
            option_values=line.option_values,
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            net_minor=tax.net_minor,
            discount_minor=tax.discount_minor,
            tax_minor=tax.tax_minor,
            tax_rate=rate,
            tax_class=line.tax_class,
            weight_grams=line.weight_grams,
        )
        for line, tax, rate in zip(lines, taxes, rates, strict=True)
    ]
