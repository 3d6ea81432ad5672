"""The port to a payer who does not exist: in the sandbox, somebody has to pass or fail the challenges."""

from typing import Protocol

from bottega.ports.payment_gateway import PaymentState, Refused


class SimulatedPayer(Protocol):
    """Offered by gateways that take no real money."""

    async def complete_action(self, reference: str, *, approve: bool) -> PaymentState | Refused:
        """Does what the payer's bank asks for, or fails it; `Refused` when nothing is asked of that payment."""
        ...
