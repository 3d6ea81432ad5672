"""The sandbox keeps the payment gateway contract, in memory and in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from bottega.connectors.sandbox import webhook_signature
from bottega.connectors.sandbox.instruments import sandbox_instrument
from bottega.connectors.sandbox.payment_store import MemoryPaymentStore, PostgresPaymentStore
from bottega.connectors.sandbox.payments import DEFAULT_WEBHOOK_SECRET, SandboxPaymentGateway
from bottega.platform.clock import SystemClock
from bottega.platform.database.pool import Database
from bottega.ports.payment_gateway import InstrumentReference, PaymentState, Refused
from tests.contracts.payment_events import EventContract
from tests.contracts.payment_gateway import InstrumentContract, MoneyContract, OnceContract
from tests.contracts.payment_workshop import Instrument, Operation, Webhook, When, Workshop


class SandboxWorkshop(Workshop):
    def __init__(self, store: MemoryPaymentStore | PostgresPaymentStore) -> None:
        self.sent: list[Webhook] = []
        self.sandbox = SandboxPaymentGateway(SystemClock(), store, deliver=self._receive)
        super().__init__(self.sandbox)

    async def _receive(self, headers: Mapping[str, str], body: bytes) -> None:
        self.sent.append(Webhook(headers, body))

    async def instrument(self, kind: Instrument) -> InstrumentReference:
        return sandbox_instrument({"challenge": "3d_secure"}.get(kind, kind))

    async def lose_answer(self, operation: Operation, when: When) -> InstrumentReference:
        prefix = "" if operation == "authorise" else f"{operation}_"
        return sandbox_instrument(f"{prefix}fails_{when}")

    async def turn_away(self, times: int) -> InstrumentReference:
        assert times == 2
        return sandbox_instrument("unavailable_twice")

    async def answer_slowly(self) -> InstrumentReference:
        return sandbox_instrument("slow")

    async def complete_challenge(self, state: PaymentState, *, approve: bool) -> None:
        assert not isinstance(await self.sandbox.complete_action(state.reference, approve=approve), Refused)

    async def webhooks_about(self, reference: str, count: int) -> list[Webhook]:
        await self.gateway.close()
        about = [webhook for webhook in self.sent if reference.encode() in webhook.body]
        assert len(about) >= count
        return about

    def sign(self, body: bytes, at: datetime, *, secret: str | None = None) -> Mapping[str, str]:
        return webhook_signature.sign(secret or DEFAULT_WEBHOOK_SECRET, body, int(at.timestamp()))


class TestInMemory(MoneyContract, InstrumentContract, OnceContract, EventContract):
    @pytest.fixture
    def workshop(self) -> Workshop:
        return SandboxWorkshop(MemoryPaymentStore())


class TestInPostgres(MoneyContract, InstrumentContract, OnceContract, EventContract):
    @pytest.fixture
    def workshop(self, sandbox_database: Database) -> Workshop:
        return SandboxWorkshop(PostgresPaymentStore(sandbox_database))
