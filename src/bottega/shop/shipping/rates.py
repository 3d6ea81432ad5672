"""What a shipping method costs: the cheapest of its rates that fits the weight and the subtotal."""

from collections.abc import Iterable

from bottega.shop.shipping.model import Rate, ShippingMethod, ShippingQuote


def quote(method: ShippingMethod, weight_grams: int, subtotal_minor: int) -> int | None:
    """Minor units of the method's currency, or None when the method does not carry this.

    The subtotal is that of the goods after discounts, as the shopper sees it, without shipping.
    """
    fitting = [rate.amount_minor for rate in method.rates if _fits(rate, weight_grams, subtotal_minor)]
    return min(fitting, default=None)


def quotes(
    methods: Iterable[ShippingMethod], currency: str, weight_grams: int, subtotal_minor: int
) -> list[ShippingQuote]:
    """The methods that carry this in that currency, cheapest first, then quickest."""
    found: list[ShippingQuote] = []
    for method in methods:
        amount = quote(method, weight_grams, subtotal_minor)
        if method.active and method.currency == currency and amount is not None:
            found.append(
                ShippingQuote(
                    method_id=method.id,
                    name=method.name,
                    kind=method.kind,
                    location_id=method.location_id,
                    currency=method.currency,
                    amount_minor=amount,
                    tax_class=method.tax_class,
                    minimum_days=method.minimum_days,
                    maximum_days=method.maximum_days,
                )
            )
    return sorted(found, key=lambda offer: (offer.amount_minor, offer.maximum_days, offer.name, offer.method_id))


def _fits(rate: Rate, weight_grams: int, subtotal_minor: int) -> bool:
    light_enough = rate.up_to_grams is None or weight_grams <= rate.up_to_grams
    return light_enough and subtotal_minor >= rate.from_subtotal_minor
