"""What tokens cost: from the settings, or from the price list that `genai-prices` carries (no network)."""

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from typing import Any, Protocol

from bottega.ports.chat_model import Usage

MICROS = Decimal(1_000_000)


class Price(Protocol):
    """The price of one model."""

    def is_known(self) -> bool:
        """Whether `cost_micros` tells what a call costs; if not, it answers 0, and no budget may pay for a call."""
        ...

    def cost_micros(self, usage: Usage) -> int:
        """Millionths of the currency, rounded up."""
        ...


@dataclass(frozen=True, slots=True)
class SetPrice:
    """A price of the settings, in units of the currency per million tokens, which is millionths per token."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    def is_known(self) -> bool:
        return True

    def cost_micros(self, usage: Usage) -> int:
        cached = self.input if self.cached_input is None else self.cached_input
        fresh = usage.input_tokens - usage.cached_input_tokens
        total = fresh * self.input + usage.cached_input_tokens * cached + usage.output_tokens * self.output
        return int(total.to_integral_value(ROUND_CEILING))


FREE = SetPrice(Decimal(0), Decimal(0))


class UnknownPrice:
    """The price of a model that no list holds and no setting tells."""

    def is_known(self) -> bool:
        return False

    def cost_micros(self, usage: Usage) -> int:  # noqa: ARG002 - nothing of it tells a price
        return 0


UNKNOWN = UnknownPrice()


@dataclass(frozen=True)
class ListedPrice:
    """The list's price of a vendor's model; `per_dollar` is what one US dollar is in our currency.

    The list is loaded at the first question, which takes a good part of a second; the router asks it in a thread.
    """

    provider: str
    model: str
    per_dollar: Decimal = field(default=Decimal(1))

    def is_known(self) -> bool:
        return self._listed is not None

    def cost_micros(self, usage: Usage) -> int:
        if self._listed is None:
            return 0
        return int((self._dollars(usage) * self.per_dollar * MICROS).to_integral_value(ROUND_CEILING))

    @property
    def context_tokens(self) -> int | None:
        """How many tokens the model takes, where the list says so."""
        return None if self._listed is None else self._listed.context_window

    @cached_property
    def _listed(self) -> Any:
        from genai_prices.data_snapshot import get_snapshot

        try:
            _, model = get_snapshot().find_provider_model(self.model, None, self.provider, None)
        except LookupError:
            return None
        return model

    def _dollars(self, usage: Usage) -> Decimal:
        import genai_prices

        counted = genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cached_input_tokens,
            cache_write_tokens=usage.cache_written_tokens,
        )
        return genai_prices.calc_price(counted, self.model, provider_id=self.provider).total_price
