"""The file that says which models a shop has: routes, intents, budgets, breakers and cache, as TOML or JSON."""

import json
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bottega.kernel.errors import Invalid
from bottega.runtime.models.breakers import BreakerPolicy
from bottega.runtime.models.budgets import BudgetLimits, PeriodLimits
from bottega.runtime.models.cache import CachePolicy
from bottega.runtime.models.call import Level
from bottega.runtime.models.route import OFFLINE_ROUTE

LARGEST_FILE_BYTES = 200_000
MICROS = Decimal(1_000_000)

Provider = Literal["anthropic", "openai", "google", "bedrock", "compatible"]
Money = Annotated[Decimal, Field(ge=0, le=10_000_000)]
Seconds = Annotated[float, Field(gt=0, le=3_600)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PriceOfFile(_Part):
    """Units of the currency per million tokens."""

    input: Money
    output: Money
    cached_input: Money | None = None


class RouteOfFile(_Part):
    """One model. `key_env` names the variable of the environment (or of `.env`) that holds its key."""

    name: Name
    provider: Provider
    model: str = Field(min_length=1, max_length=200)
    level: Literal["local", "small", "large"]
    base_url: str | None = Field(None, pattern=r"^https?://\S+$")
    key_env: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    region: str | None = None
    price: PriceOfFile | None = None
    may_see_personal_data: bool = False
    tools: bool = True
    streaming: bool = True
    structured_output: bool = True
    structured_by: Literal["native", "tool", "prompt"] | None = None
    context_tokens: Annotated[int, Field(ge=1_024, le=100_000_000)] = 32_000
    connect_seconds: Seconds = 5.0
    first_token_seconds: Seconds = 20.0
    total_seconds: Seconds = 60.0
    reply_bytes: Annotated[int, Field(ge=1_000, le=50_000_000)] = 1_000_000
    tries: Annotated[int, Field(ge=1, le=5)] = 2
    typical_seconds: Seconds | None = None
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None
    concurrent_calls: Annotated[int, Field(ge=1, le=10_000)] = 64
    warm_up: bool = False

    @model_validator(mode="after")
    def _is_reachable(self) -> "RouteOfFile":
        if self.name == OFFLINE_ROUTE:
            raise ValueError("'offline' is the name of the engine that is always there; choose another")
        if self.provider == "compatible" and self.base_url is None:
            raise ValueError("base_url is missing: where does the server listen?")
        if self.provider in ("anthropic", "openai", "google") and self.base_url is None and self.key_env is None:
            raise ValueError("key_env is missing: which variable holds the key?")
        if self.provider == "compatible" and self.level != "local" and self.price is None:
            raise ValueError("price is missing: no list knows what this server costs (0 and 0 if nothing)")
        return self


class PeriodOfFile(_Part):
    """Units of the currency."""

    day: Money | None = None
    month: Money | None = None

    def limits(self) -> PeriodLimits:
        return PeriodLimits(_micros(self.day), _micros(self.month))


class BudgetsOfFile(_Part):
    shop: PeriodOfFile = PeriodOfFile()
    roles: dict[str, PeriodOfFile] = {}
    run: Money | None = None

    def limits(self) -> BudgetLimits:
        """The same in millionths."""
        return BudgetLimits(
            self.shop.limits(), {name: period.limits() for name, period in self.roles.items()}, _micros(self.run)
        )


class BreakersOfFile(_Part):
    failures: Annotated[int, Field(ge=1, le=1_000)] = 5
    window_seconds: Seconds = 60.0
    first_rest_seconds: Seconds = 5.0
    longest_rest_seconds: Seconds = 300.0

    def policy(self) -> BreakerPolicy:
        return BreakerPolicy(self.failures, self.window_seconds, self.first_rest_seconds, self.longest_rest_seconds)


class CacheOfFile(_Part):
    seconds: Annotated[float, Field(gt=0, le=2_592_000)] = 3_600.0
    likeness: Annotated[float, Field(ge=0.5, le=1)] = 0.95

    def policy(self) -> CachePolicy:
        return CachePolicy(self.seconds, self.likeness)


class ModelsFile(_Part):
    """Everything that a shop says about its models; without a file it is this, empty: the offline engine alone."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    per_dollar: Annotated[Decimal, Field(gt=0)] = Decimal(1)
    routes: tuple[RouteOfFile, ...] = Field((), max_length=50)
    intents: dict[str, tuple[Level, ...]] = {}
    budgets: BudgetsOfFile = BudgetsOfFile()
    breakers: BreakersOfFile = BreakersOfFile()
    cache: CacheOfFile = CacheOfFile()

    @model_validator(mode="after")
    def _is_consistent(self) -> "ModelsFile":
        names = [route.name for route in self.routes]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two routes are named {', '.join(sorted(twice))}")
        if self.currency != "USD" and self.per_dollar == 1:
            raise ValueError(
                f"per_dollar is missing: lists are in US dollars, so what is one of them in {self.currency}?"
            )
        for intent, levels in self.intents.items():
            if not levels or len(set(levels)) != len(levels):
                raise ValueError(f"intents.{intent}: name each level at most once, and at least one")
        return self


def read_models(path: Path | None) -> ModelsFile:
    """The file's content; `Invalid` names each place that is wrong."""
    if path is None:
        return ModelsFile.model_validate({})
    try:
        found = _parsed(path)
    except FileNotFoundError:
        raise _bad(path, "there is no such file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise _bad(path, str(error)) from None
    try:
        return ModelsFile.model_validate(found)
    except ValidationError as error:
        reasons = error.errors(include_input=False, include_url=False)[:20]
        places = [f"{'.'.join(map(str, reason['loc'])) or 'the file'}: {reason['msg']}" for reason in reasons]
        raise _bad(path, "; ".join(places)) from None


def _parsed(path: Path) -> Any:
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise _bad(path, f"it has more than {LARGEST_FILE_BYTES} bytes")
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)


def _bad(path: Path, reason: str) -> Invalid:
    return Invalid(
        "bad_models_file",
        f"{path.name}: {reason}",
        next_step="Correct it, or unset BOTTEGA_MODELS. See docs/models.md.",
    )


def _micros(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * MICROS)
