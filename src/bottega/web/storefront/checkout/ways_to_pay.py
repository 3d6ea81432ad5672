"""How an order can be paid here: which ways are offered, and the action that each of them means."""

from dataclasses import dataclass

from bottega.entrance.context import ServingContext
from bottega.kernel.errors import Invalid
from bottega.ports.simulated_payer import SimulatedPayer
from bottega.shop.customers.model import Customer, Instrument
from bottega.shop.flows.pay_order import PayOrder
from bottega.shop.flows.payment_reports import check_gateway
from bottega.shop.payments.codes import digest_of_code
from bottega.web.forms import Form

SANDBOX, STRIPE = "sandbox", "stripe"


@dataclass(frozen=True, slots=True)
class TestCard:
    """A card of the sandbox, and what happens with it."""

    token: str
    label: str
    note: str


# The sandbox publishes these; a shop that takes real money never shows them.
TEST_CARDS = (
    TestCard("sandbox_card_success", "Test card that pays", "The payment goes through at once."),
    TestCard("sandbox_card_3d_secure", "Test card with a question", "Your bank asks you first."),
    TestCard("sandbox_card_declined", "Test card that is declined", "The bank says no."),
    TestCard("sandbox_card_insufficient_funds", "Test card without money", "There is not enough on it."),
)


@dataclass(frozen=True, slots=True)
class WaysToPay:
    """What the page offers."""

    gateway: str
    publishable_key: str
    test_cards: tuple[TestCard, ...]
    stored: tuple[Instrument, ...]

    @property
    def needs_script(self) -> bool:
        """Whether a card is typed into the provider's own field, which only a script can show."""
        return self.gateway == STRIPE and bool(self.publishable_key)


def ways_to_pay(context: ServingContext, customer: Customer | None) -> WaysToPay:
    """Those of this shop and this customer."""
    is_sandbox = context.card_gateway == SANDBOX and SANDBOX in context.services.names(SimulatedPayer)
    stored = () if customer is None else tuple(one for one in customer.instruments if one.kind in ("card", "wallet"))
    return WaysToPay(context.card_gateway, context.publishable_key, TEST_CARDS if is_sandbox else (), stored)


def payment_of(context: ServingContext, form: Form, order_id: str) -> PayOrder:
    """The action that the chosen way means; `Invalid` when none was chosen."""
    way, _, value = form.text("pay").partition(":")
    match way:
        case "card":
            token = value or form.text("card_token")
            if not token:
                raise Invalid("card_missing", "Please fill in your card.")
            gateway = check_gateway(context.services, context.card_gateway)
            action = form.record(PayOrder, {"order_id": order_id, "method": "card", "gateway": gateway, "token": token})
        case "stored":
            action = form.record(PayOrder, {"order_id": order_id, "method": "stored", "instrument_id": value})
        case "bank_transfer":
            action = form.record(PayOrder, {"order_id": order_id, "method": "bank_transfer"})
        case _:
            action = None
    if action is None:
        raise Invalid("way_to_pay_missing", "Please choose how you would like to pay.")
    return action


def gift_card_of(context: ServingContext, form: Form, order_id: str) -> PayOrder | None:
    """The payment by the gift card whose code was typed, if one was."""
    code = form.text("gift_card_code")
    if not code:
        return None
    digest = digest_of_code(context.performer.lookup_key, code)
    return PayOrder(order_id=order_id, method="gift_card", gift_card_code_digest=digest)
