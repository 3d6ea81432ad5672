"""How intended calls to payment gateways are sent, looked up, and recorded."""

from datetime import datetime

from bottega.actions.action import Action
from bottega.actions.effects import Answer, Effect, Sending, register_sender
from bottega.kernel.money import Money
from bottega.ports.payment_gateway import AuthoriseRequest, InstrumentReference, PaymentGateway, PaymentState
from bottega.shop.flows.payment_reports import SEARCH_MARGIN, gateway_named, state_action, state_record
from bottega.shop.payments.actions import AUTHORISE


def gateway_of(effect: Effect, sending: Sending) -> PaymentGateway:
    """The connector that the payment was opened with."""
    return gateway_named(sending.services, str(effect.payload["gateway"]))


async def _authorise(effect: Effect, sending: Sending) -> Answer:
    payload = effect.payload
    token = payload["token"]
    state = await gateway_of(effect, sending).authorise(
        AuthoriseRequest(
            payment_id=payload["payment_id"],
            order_id=payload["order_id"],
            amount=Money(payload["amount_minor"], payload["currency"]),
            instrument=None if token is None else InstrumentReference(token, payload["customer_reference"]),
            capture=payload["capture"],
        ),
        idempotency_key=effect.key,
    )
    return _answer(state)


async def _find_authorised(effect: Effect, sending: Sending) -> Answer | None:
    payload = effect.payload
    created = datetime.fromisoformat(payload["created_at"]) - SEARCH_MARGIN
    state = await gateway_of(effect, sending).find_payment(payload["payment_id"], created_after=created)
    return None if state is None else _answer(state)


def _answer(state: PaymentState) -> Answer:
    outcome = "refused" if state.status == "declined" else "confirmed"
    return Answer(outcome, state_record(state), shown=state.next_action)


def _record_authorised(effect: Effect, answer: Answer) -> Action:
    return state_action(str(effect.payload["payment_id"]), answer.record)


register_sender(AUTHORISE, send=_authorise, look_up=_find_authorised, settle=_record_authorised)
