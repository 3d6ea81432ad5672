"""Questions about an order that is known: who brings it, what it cost, what is in it, where it goes, how it stands."""

from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue import orders
from bottega.agents.assistant.dialogue.goals.choosing import order_of
from bottega.agents.assistant.dialogue.goals.tracking import contents_told, status_told
from bottega.agents.assistant.dialogue.here import Here
from bottega.agents.assistant.dialogue.json_values import record, records
from bottega.agents.assistant.dialogue.move import Call, Step, finish, phrase
from bottega.agents.assistant.dialogue.orders import Order
from bottega.agents.assistant.dialogue.products import money
from bottega.agents.assistant.dialogue.state import Asked, Goal, Part, State
from bottega.agents.assistant.dialogue.ways import instrument_name
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.numbers import order_numbers


def advance(state: State, goal: Goal, here: Here) -> Step:
    """Answers from the order's record what was asked of it."""
    if goal.slot("order") is None and not order_numbers(goal.words):
        before = says(goal.words, "orders.before")
        step = _before(state, goal, here) if before else None
        if step is not None:
            return step
        if not before and state.order_in_focus:
            goal = goal.having(order=state.order_in_focus)
            state = state.with_changed(goal)
    order = order_of(state, goal, here, fits=lambda _: True, none_key="order.none")
    if isinstance(order, Step):
        return order
    state = state.knowing(orders.known(order))
    parts = told(goal.words, order)
    unpaid = orders.is_unpaid(order) and says(goal.words, "orders.paid")
    asked = Asked(what="offer", option="pay", handles=(str(order.get("number")),)) if unpaid else None
    return finish(state, goal, *parts, shows=(str(order.get("id", "")),), asked=asked)


def _before(state: State, goal: Goal, here: Here) -> Step | None:
    """The order that was placed before the one in focus."""
    listing = Call("list_orders", {})
    step = here.ready(state, listing)
    if step is not None:
        return step
    result = here.read(listing)
    listed = [] if result is None or result.failed else list(orders.listed(result.content))
    numbers = [str(order.get("number")) for order in listed]
    place = numbers.index(state.order_in_focus) + 1 if state.order_in_focus in numbers else 0
    if place >= len(numbers):
        return finish(state, goal, phrase("order.none_before"))
    return Step(state.with_changed(goal.having(order=numbers[place])))


def told(question: str, order: Order) -> list[Part]:
    """What the order's record says to the question; how it stands when nothing else was asked."""
    parts: list[Part] = []
    if says(question, "orders.carrier") or says(question, "orders.tracking"):
        parts += _carrier(order)
    if says(question, "orders.contents") or says(question, "orders.before"):
        parts += contents_told(order)
    if says(question, "orders.whereto"):
        parts += _whereto(order)
    if says(question, "orders.method"):
        parts += _method(order)
    asks_price = says(question, "orders.price") or says(question, "orders.gift_card")
    if asks_price or says(question, "orders.contents"):
        parts += _price(order)
    if says(question, "orders.means"):
        parts += _means(order)
    if says(question, "orders.paid"):
        parts += _payment(order)
    asked_state = says(question, "orders.state") or says(question, "orders.paid") or says(question, "orders.before")
    if not parts or (asked_state and not says(question, "orders.contents")):
        parts = [*parts, *status_told(order)]
    return parts


def _means(order: Order) -> list[Part]:
    payments = [one for one in records(order.get("payments")) if one.get("status") not in ("declined", "voided")]
    if not payments:
        return []
    named = instrument_name(payments[-1])
    return [phrase("order.paid_with", number=orders.reference_of(order), means=named)]


def _payment(order: Order) -> list[Part]:
    is_open = orders.is_unpaid(order)
    return [phrase("order.payment_open" if is_open else "order.payment_arrived", number=orders.reference_of(order))]


def _carrier(order: Order) -> list[Part]:
    shipments: Sequence[Mapping[str, Any]] = order.get("shipments") or ()
    if not shipments:
        return [phrase("order.no_carrier_yet", number=orders.reference_of(order))]
    newest = shipments[-1]
    carrier, tracking = str(newest.get("carrier") or ""), str(newest.get("tracking_number") or "")
    if not carrier:
        return []
    return [phrase("order.carrier", number=orders.reference_of(order), carrier=carrier, tracking=tracking)]


def _whereto(order: Order) -> list[Part]:
    held = record(order.get("shipping_address"))
    place = f"{held.get('postal_code', '')} {held.get('city', '')}".strip()
    named = [str(held.get("name") or ""), str(held.get("line1") or ""), place, str(held.get("country") or "")]
    address = ", ".join(part for part in named if part)
    return [phrase("order.goes_to", number=orders.reference_of(order), address=address)] if address else []


def _method(order: Order) -> list[Part]:
    method = str(order.get("shipping_method") or "")
    return [phrase("order.travels", number=orders.reference_of(order), method=method)] if method else []


def _price(order: Order) -> list[Part]:
    total, currency = order.get("total_minor"), str(order.get("currency", ""))
    if not isinstance(total, int):
        return []
    number = orders.reference_of(order)
    parts = [phrase("order.total", number=number, total=money(total, currency))]
    cards = [one for one in records(order.get("payments")) if one.get("kind") == "gift_card"]
    left = next((one.get("balance_minor") for one in cards if isinstance(one.get("balance_minor"), int)), None)
    if left is not None:
        parts.append(phrase("order.gift_card_left", amount=money(left, currency)))
    return parts
