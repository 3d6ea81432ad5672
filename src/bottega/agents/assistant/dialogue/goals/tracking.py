"""Where orders are: one order's state, the list of them, and money that is on its way back."""

from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue import orders
from bottega.agents.assistant.dialogue.goals.choosing import order_of, sign_in_first
from bottega.agents.assistant.dialogue.here import Here, missing_tool, refused
from bottega.agents.assistant.dialogue.move import Call, Step, finish, phrase
from bottega.agents.assistant.dialogue.orders import Order, line_name
from bottega.agents.assistant.dialogue.products import enumerated, money
from bottega.agents.assistant.dialogue.state import Asked, Goal, Part, State

ORDERS_TOLD = 5
RETURN_STATES = ("requested", "approved", "received", "rejected", "completed", "cancelled")


def advance(state: State, goal: Goal, here: Here) -> Step:
    """Says where an order is, from its record."""
    order = order_of(state, goal, here, fits=orders.is_under_way, none_key="order.none")
    if isinstance(order, Step):
        return order
    state = state.knowing(orders.known(order))
    parts = [*status_told(order), *contents_told(order)]
    asked = Asked(what="offer", option="pay") if orders.is_unpaid(order) else None
    choices = ("Pay it now",) if orders.is_unpaid(order) else ()
    return finish(state, goal, *parts, shows=(str(order.get("id", "")),), choices=choices, asked=asked)


def status_told(order: Order) -> list[Part]:
    """The order's state in words."""
    number = orders.reference_of(order)
    if orders.is_over(order):
        return [phrase("order.is_cancelled", number=number), *_refunds(order)]
    if orders.is_unpaid(order):
        return [phrase("order.is_unpaid", number=number)]
    if order.get("status") == "held":
        return [phrase("order.is_held", number=number)]
    key = {
        "delivered": "order.is_delivered",
        "shipped": "order.is_shipped",
        "partially_shipped": "order.is_partly_shipped",
    }.get(str(order.get("fulfilment_status")), "order.is_prepared")
    return [phrase(key, number=number, **_shipment(order)), *_returns(order), *_refunds(order)]


def _shipment(order: Order) -> dict[str, str]:
    """What the newest shipment says of itself, as fields of a phrase."""
    shipments: Sequence[Mapping[str, Any]] = order.get("shipments") or ()
    if not shipments:
        return {}
    newest = shipments[-1]
    named = {
        "carrier": newest.get("carrier"),
        "tracking": newest.get("tracking_number") or newest.get("tracking"),
        "shipped": str(newest.get("shipped_at") or "")[:10],
        "delivered": str(newest.get("delivered_at") or "")[:10],
    }
    fields = {name: str(value) for name, value in named.items() if value}
    # The two are said together or not at all.
    if "carrier" not in fields or "tracking" not in fields:
        fields.pop("carrier", None)
        fields.pop("tracking", None)
    return fields


def contents_told(order: Order) -> list[Part]:
    """What is in it."""
    lines = [line_name(line) for line in orders.lines(order)][:6]
    return [phrase("order.holds", lines=enumerated(lines))] if lines else []


def _returns(order: Order) -> list[Part]:
    returns: Sequence[Mapping[str, Any]] = order.get("returns") or ()
    told = [one for one in returns if one.get("state") in RETURN_STATES]
    return [phrase(f"order.return_{one['state']}", number=_return_name(one)) for one in told[-2:]]


def _return_name(one: Mapping[str, Any]) -> str:
    return f"[{one['id']}]" if one.get("id") else str(one.get("number", ""))


def _refunds(order: Order) -> list[Part]:
    refunds: Sequence[Mapping[str, Any]] = order.get("refunds") or ()
    currency = str(order.get("currency", ""))
    told: list[Part] = []
    for refund in refunds[-2:]:
        amount = refund.get("amount_minor")
        if isinstance(amount, int):
            status = str(refund.get("status") or refund.get("state") or "")
            key = (
                "order.refund_done"
                if status in ("confirmed", "done", "succeeded", "completed", "refunded")
                else "order.refund_underway"
            )
            told.append(phrase(key, amount=money(amount, currency)))
    return told


def advance_list(state: State, goal: Goal, here: Here) -> Step:
    """The newest orders."""
    known = here.identity(state)
    if isinstance(known, Step):
        return known
    if not here.results.offers("list_orders"):
        return missing_tool(state, goal)
    call = Call("list_orders", {})
    step = here.ready(state, call)
    if step is not None:
        return step
    result = here.read(call)
    assert result is not None, "it is offered and answered"
    if result.failed:
        return finish(state, goal, *refused(result))
    listed = orders.listed(result.content)[:ORDERS_TOLD]
    if not listed and not known:
        return sign_in_first(state)
    if not listed:
        return finish(state, goal, phrase("order.none"))
    told = [
        f"{orders.reference_of(order)} of {str(order.get('placed_at', ''))[:10]} ({_state_word(order)})"
        for order in listed
    ]
    for order in reversed(listed):
        state = state.knowing(orders.known(order))
    state = state.model_copy(update={"order_in_focus": ""}) if len(listed) > 1 else state
    numbers = tuple(str(order.get("number")) for order in listed)
    asked = Asked(what="offer", option="track", handles=numbers)
    shows = tuple(str(order.get("id", "")) for order in listed)
    return finish(state, goal, phrase("order.list", orders=enumerated(told)), shows=shows, choices=numbers, asked=asked)


def _state_word(order: Order) -> str:
    if orders.is_over(order):
        return "cancelled"
    if orders.is_unpaid(order):
        return "not paid"
    word = str(order.get("fulfilment_status") or "open")
    return {"unfulfilled": "being prepared", "partially_shipped": "partly on its way", "shipped": "on its way"}.get(
        word, word
    )


def advance_refund(state: State, goal: Goal, here: Here) -> Step:
    """Money back: where it is when it is under way, else which way there is to it."""
    order = order_of(state, goal, here, fits=_may_owe, none_key="order.none")
    if isinstance(order, Step):
        return order
    state = state.knowing(orders.known(order))
    number, named = str(order.get("number", "")), orders.reference_of(order)
    shows = (str(order.get("id", "")),)
    told = [*_returns(order), *_refunds(order)]
    if told:
        return finish(state, goal, phrase("refund.of_order", number=named), *told, shows=shows)
    if orders.can_change(order) and not orders.is_unpaid(order):
        asked = Asked(what="offer", option="cancel", handles=(number,))
        return finish(
            state,
            goal,
            phrase("refund.cancel_first", number=named),
            shows=shows,
            choices=("Cancel it", "Keep it"),
            asked=asked,
        )
    if orders.is_unpaid(order) or orders.is_over(order):
        return finish(state, goal, phrase("refund.nothing_paid", number=named), shows=shows)
    asked = Asked(what="offer", option="return", handles=(number,), about=goal.words)
    return finish(
        state,
        goal,
        phrase("refund.return_first", number=named),
        shows=shows,
        choices=("Return something", "Not now"),
        asked=asked,
    )


def _may_owe(order: Order) -> bool:
    return order.get("payment_status") in ("paid", "partially_refunded", "refunded", "authorised")


def advance_return(state: State, goal: Goal, here: Here) -> Step:
    """Where a return or exchange is: the newest, or what the order in focus says of it."""
    known = here.identity(state)
    if isinstance(known, Step):
        return known
    if not known:
        return sign_in_first(state)
    if not here.results.offers("get_return"):
        return missing_tool(state, goal)
    call = Call("get_return", {})
    step = here.ready(state, call)
    if step is not None:
        return step
    result = here.read(call)
    assert result is not None, "it is offered and answered"
    if result.failed:
        return finish(state, goal, phrase("order.no_return"))
    return finish(state, goal, *_returns({"returns": [result.record]}), shows=(str(result.record.get("id", "")),))


def advance_invoice(state: State, goal: Goal, here: Here) -> Step:
    """Bills lie in the account beside their orders; the order is named so that it is found."""
    order = order_of(state, goal, here, fits=lambda _: True, none_key="order.none")
    if isinstance(order, Step):
        return order
    number = orders.reference_of(order)
    parts = [phrase("invoice.in_account", number=number)]
    total, currency = order.get("total_minor"), str(order.get("currency", ""))
    if isinstance(total, int):
        parts.append(phrase("invoice.total", number=number, total=money(total, currency)))
    asked = Asked(what="offer", option="handover")
    return finish(
        state.knowing(orders.known(order)),
        goal,
        *parts,
        shows=(str(order.get("id", "")),),
        choices=("Ask a colleague",),
        asked=asked,
    )
