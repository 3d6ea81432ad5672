"""Ports that fail on purpose: time out before or after the effect, repeat, answer 5xx; webhooks come as they please."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypeVar, get_args

from bottega.connectors.sandbox.mail import MemoryOutbox
from bottega.connectors.sandbox.payments import SandboxPaymentGateway
from bottega.kernel.errors import OutcomeUnknown, Unavailable
from bottega.ports.mailer import Mail
from bottega.proof.chance import seeded
from bottega.proof.simulation.turnstile import Turnstile, current_actor

T = TypeVar("T")

Fault = Literal["none", "away", "lost before", "lost after", "repeated"]
FAULTS: tuple[Fault, ...] = get_args(Fault)


class Faults:
    """Which call of which actor goes wrong how; the choice does not depend on who else is there."""

    def __init__(self, seed: object, share: float) -> None:
        self._seed, self._share = seed, share
        self._calls: dict[str, int] = {}
        self.happened = 0

    def next_one(self) -> Fault:
        """The fault of this call, mostly none."""
        actor = current_actor.get()
        if actor is None:
            return "none"
        self._calls[actor] = number = self._calls.get(actor, 0) + 1
        chance = seeded(self._seed, "fault", actor, number)
        if chance.random() >= self._share:
            return "none"
        self.happened += 1
        return chance.choice(FAULTS[1:])


class FaultyCalls:
    """Wraps calls of one port."""

    def __init__(self, name: str, turnstile: Turnstile, faults: Faults, life: int) -> None:
        self._name, self._turnstile, self._faults, self._life = name, turnstile, faults, life

    async def change(self, operation: str, call: Callable[[], Awaitable[T]]) -> T:
        """A call with an effect."""
        label = f"{self._name}.{operation}"
        await self._turnstile.point(label, life=self._life)
        fault = self._faults.next_one()
        if fault == "away":
            raise Unavailable(f"{self._name}_away", f"The {self._name} is away.", retry_after_seconds=1.0)
        if fault == "lost before":
            raise OutcomeUnknown(f"{self._name}_lost", f"The {self._name} gave no answer.")
        async with self._turnstile.under_way():
            answer = await call()
            if fault == "repeated":
                answer = await call()
        await self._turnstile.point(f"{label} answered", life=self._life)
        if fault == "lost after":
            raise OutcomeUnknown(f"{self._name}_lost", f"The {self._name} gave no answer.")
        return answer

    async def look(self, operation: str, call: Callable[[], Awaitable[T]]) -> T:
        """A call without one."""
        await self._turnstile.point(f"{self._name}.{operation}", life=self._life)
        if self._faults.next_one() != "none":
            raise Unavailable(f"{self._name}_away", f"The {self._name} is away.", retry_after_seconds=1.0)
        async with self._turnstile.under_way():
            return await call()


class FaultyGateway:
    """A payment gateway as a process of the shop meets it; the provider's own books lie behind it and survive."""

    name = "sandbox"

    def __init__(self, provider: SandboxPaymentGateway, calls: FaultyCalls) -> None:
        self._provider, self._calls = provider, calls

    async def authorise(self, request: Any, **options: Any) -> Any:
        return await self._calls.change("authorise", lambda: self._provider.authorise(request, **options))

    async def capture(self, request: Any, **options: Any) -> Any:
        return await self._calls.change("capture", lambda: self._provider.capture(request, **options))

    async def void(self, request: Any, **options: Any) -> Any:
        return await self._calls.change("void", lambda: self._provider.void(request, **options))

    async def refund(self, request: Any, **options: Any) -> Any:
        return await self._calls.change("refund", lambda: self._provider.refund(request, **options))

    async def read_payment(self, reference: str, **options: Any) -> Any:
        return await self._calls.look("read", lambda: self._provider.read_payment(reference, **options))

    async def find_payment(self, payment_id: str, **options: Any) -> Any:
        return await self._calls.look("find", lambda: self._provider.find_payment(payment_id, **options))

    async def find_refund(self, refund_id: str, **options: Any) -> Any:
        return await self._calls.look("find refund", lambda: self._provider.find_refund(refund_id, **options))

    async def list_events(self, **options: Any) -> Any:
        return await self._calls.look("events", lambda: self._provider.list_events(**options))

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> Any:
        return self._provider.parse_event(headers, body)

    async def close(self) -> None:
        await self._provider.close()


class FaultyMailer:
    """A mail server as a process of the shop meets it."""

    def __init__(self, outbox: MemoryOutbox, calls: FaultyCalls) -> None:
        self._outbox, self._calls = outbox, calls

    async def send(self, mail: Mail, **options: Any) -> None:
        await self._calls.change("send", lambda: self._outbox.send(mail, **options))
