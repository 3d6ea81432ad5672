"""What tokens cost: from the settings, or from the price list that `genai-prices` carries (no network)."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Protocol

from bottega.ports.chat_model import Usage

MICROS = Decimal(1_000_000)


class Price(Protocol):
    """The price of one model."""

    def cost_micros(self, usage: Usage) -> int:
        """Millionths of the currency, rounded up."""
        ...


@dataclass(frozen=True, slots=True)
class SetPrice:
    """A price of the settings, in units of the currency per million tokens, which is millionths per token."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    def cost_micros(self, usage: Usage) -> int:
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = usage.input_tokens - usage.cached_input_tokens
        total = fresh * self.input + usage.cached_input_tokens * cached + usage.output_tokens * self.output
        return int(total.to_integral_value(ROUND_CEILING))


FREE = SetPrice(Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """The list's price of a vendor's model; `per_dollar` is what one US dollar is in our currency."""

    provider: str
    model: str
    per_dollar: Decimal = Decimal(1)

    def cost_micros(self, usage: Usage) -> int:
        import genai_prices

        counted = genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cached_input_tokens,
            cache_write_tokens=usage.cache_written_tokens,
        )
        dollars = genai_prices.calc_price(counted, self.model, provider_id=self.provider).total_price
        return int((dollars * self.per_dollar * MICROS).to_integral_value(ROUND_CEILING))


def listed_price(provider: str, model: str, *, per_dollar: Decimal = Decimal(1)) -> ListedPrice | None:
    """The list's price, or None for a model that it does not hold."""
    price = ListedPrice(provider, model, per_dollar)
    try:
        price.cost_micros(Usage(1, 1))
    except LookupError:
        return None
    return price
