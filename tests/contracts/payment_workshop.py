"""The bench on which payment gateways are tested: a gateway, and the levers that make it misbehave."""

import itertools
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from bottega.kernel.money import Money
from bottega.ports.payment_gateway import (
    AuthoriseRequest,
    InstrumentReference,
    PaymentGateway,
    PaymentState,
)

Operation = Literal["authorise", "capture", "refund"]
When = Literal["before_effect", "after_effect"]
Instrument = Literal["success", "declined", "challenge"]

_run = os.urandom(4).hex()
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook as a gateway sent it."""

    headers: Mapping[str, str]
    body: bytes


class Workshop(ABC):
    """A gateway under test and the levers that make it misbehave."""

    def __init__(self, gateway: PaymentGateway) -> None:
        self.gateway = gateway

    @abstractmethod
    async def instrument(self, kind: Instrument) -> InstrumentReference: ...

    @abstractmethod
    async def lose_answer(self, operation: Operation, when: When) -> InstrumentReference:
        """Arrange that the next such operation on this instrument has no answer."""

    @abstractmethod
    async def turn_away(self, times: int) -> InstrumentReference:
        """Arrange that the next authorisations on this instrument are turned away before they do anything."""

    @abstractmethod
    async def answer_slowly(self) -> InstrumentReference:
        """Arrange that the next authorisation on this instrument takes two seconds."""

    @abstractmethod
    async def complete_challenge(self, state: PaymentState, *, approve: bool) -> None: ...

    @abstractmethod
    async def webhooks_about(self, reference: str, count: int) -> list[Webhook]: ...

    @abstractmethod
    def sign(self, body: bytes, at: datetime, *, secret: str | None = None) -> Mapping[str, str]: ...


def payment(instrument: InstrumentReference | None, amount_minor: int = 12_345, **changes: Any) -> AuthoriseRequest:
    number = next(_numbers)
    fields: dict[str, Any] = {
        "payment_id": f"pay_{_run}_{number}",
        "order_id": f"ord_{_run}_{number}",
        "amount": Money(amount_minor, "EUR"),
        "instrument": instrument,
        **changes,
    }
    return AuthoriseRequest(**fields)


def euros(amount_minor: int) -> Money:
    return Money(amount_minor, "EUR")


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def amounts(state: PaymentState) -> tuple[int, int, int]:
    return state.amount_authorised_minor, state.amount_captured_minor, state.amount_refunded_minor


async def read(workshop: Workshop, reference: str) -> PaymentState:
    """The payment as the gateway shows it now."""
    state = await workshop.gateway.read_payment(reference)
    assert state is not None
    return state


async def captured(workshop: Workshop) -> PaymentState:
    """A payment of 123.45 EUR that was captured at once."""
    request = payment(await workshop.instrument("success"), capture="automatic")
    return await workshop.gateway.authorise(request, idempotency_key=request.payment_id)


async def authorised(workshop: Workshop, instrument: InstrumentReference | None = None) -> PaymentState:
    """A payment of 123.45 EUR that is not captured yet."""
    request = payment(instrument or await workshop.instrument("success"))
    return await workshop.gateway.authorise(request, idempotency_key=request.payment_id)
