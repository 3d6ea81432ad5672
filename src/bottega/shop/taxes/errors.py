"""The named refusals of taxes."""

from datetime import date

from bottega.kernel.errors import Conflict, NotFound


class PastRateStands(Conflict):
    """A version that has begun to hold is never rewritten; what was sold under it stays explainable."""

    def __init__(self, country: str, tax_class: str, valid_from: date) -> None:
        super().__init__(
            "past_rate_stands",
            f"The {tax_class} rate of {country} on {valid_from} is in force already and is not rewritten.",
            next_step="Set the new rate from a later day.",
            country=country,
            tax_class=tax_class,
            valid_from=valid_from.isoformat(),
        )


class NoSuchTaxRate(NotFound):
    """There is no version of that identifier."""

    def __init__(self, tax_rate_id: str) -> None:
        super().__init__(
            "no_such_tax_rate",
            f"There is no tax rate {tax_rate_id}.",
            next_step="See the list of tax rates.",
            tax_rate_id=tax_rate_id,
        )
