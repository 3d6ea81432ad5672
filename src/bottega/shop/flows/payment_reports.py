"""Asking a payment gateway where a payment stands, and taking its word over."""

from datetime import timedelta
from typing import Any

from bottega.actions.actor import Cause, system
from bottega.actions.perform import Performer
from bottega.kernel.errors import Invalid
from bottega.platform.database.pool import Row
from bottega.ports.payment_gateway import PaymentGateway, PaymentState, RefundState
from bottega.ports.services import Services
from bottega.shop.flows.payment_progress import RecordPaymentState
from bottega.shop.flows.refund_order import RecordRefundState

# A provider's clock may run behind ours.
SEARCH_MARGIN = timedelta(minutes=10)


def gateway_named(services: Services, name: str) -> PaymentGateway:
    """The connector of that name; `Unavailable` when this process has none."""
    return services.get(PaymentGateway, name)  # pyright: ignore[reportAbstractUsage] - the port is the key


def check_gateway(services: Services, name: str) -> str:
    """The name itself, or `Invalid` when no such gateway takes payments here."""
    if name not in services.names(PaymentGateway):
        raise Invalid(
            "unknown_gateway",
            f"No payment gateway is named '{name}'.",
            next_step="Leave the gateway out.",
            gateway=name,
        )
    return name


def state_record(state: PaymentState) -> dict[str, Any]:
    """What is kept of a state: nothing that only the payer's browser may hold."""
    return {
        "reference": state.reference,
        "status": state.status,
        "authorised_minor": state.amount_authorised_minor,
        "captured_minor": state.amount_captured_minor,
        "currency": state.currency,
        "decline_code": state.decline_code,
    }


def state_action(payment_id: str, record: dict[str, Any]) -> RecordPaymentState:
    """The action that takes a reported state over."""
    return RecordPaymentState(payment_id=payment_id, **record)


async def take_over(performer: Performer, services: Services, payment: Row | dict[str, Any], because: Cause) -> Any:
    """Reads a payment (id, gateway, gateway_reference, created_at) at its gateway and records what it says.

    Returns the gateway's state, or None when it does not know the payment; a refusal to record is raised.
    """
    gateway = gateway_named(services, payment["gateway"])
    if payment["gateway_reference"] is not None:
        state = await gateway.read_payment(payment["gateway_reference"])
    else:
        state = await gateway.find_payment(payment["id"], created_after=payment["created_at"] - SEARCH_MARGIN)
    if state is not None:
        action = state_action(payment["id"], state_record(state))
        (await performer.perform(action, by=system("payments"), because=because)).unwrap()
    return state


def refund_record(state: RefundState) -> dict[str, Any]:
    """What is kept of a refund's state."""
    return {"status": state.status, "reference": state.reference, "failure_code": state.failure_code}


def refund_state_action(refund_id: str, record: dict[str, Any]) -> RecordRefundState:
    """The action that takes a reported refund over."""
    return RecordRefundState(refund_id=refund_id, **record)
