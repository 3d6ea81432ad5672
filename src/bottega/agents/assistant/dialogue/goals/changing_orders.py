"""Cancelling an order and changing what is in it or where it goes, while it has not left."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue import orders, products
from bottega.agents.assistant.dialogue.goals.buying import (
    address_in,
    address_meant,
    ask_rest_of_address,
    known_account,
)
from bottega.agents.assistant.dialogue.goals.choosing import order_of
from bottega.agents.assistant.dialogue.goals.reading_carts import becomes, line_meant
from bottega.agents.assistant.dialogue.here import Here, changing
from bottega.agents.assistant.dialogue.json_values import record
from bottega.agents.assistant.dialogue.move import Call, Step, ask, finish, phrase
from bottega.agents.assistant.dialogue.orders import Order, line_name
from bottega.agents.assistant.dialogue.products import enumerated, money
from bottega.agents.assistant.dialogue.state import Asked, Goal, State
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.addresses import AddressParts
from bottega.agents.assistant.language.slots.numbers import Quantity, order_numbers, quantity, quantity_beside
from bottega.agents.assistant.language.slots.options import unoffered
from bottega.agents.assistant.language.slots.reasons import reason

# What an order may be cancelled for when the shop does not say otherwise (see ShopSettings.cancellation_reasons).
CANCELLATION_REASONS = (
    "no longer needed",
    "ordered by mistake",
    "ordered twice",
    "changed my mind",
    "found it cheaper",
    "takes too long",
    "other",
)


def advance_cancellation(state: State, goal: Goal, here: Here) -> Step:
    """The order, a reason, the customer's yes (asked by the runtime), and what became of it."""
    done = here.results.done("cancel_order")
    if done is not None:
        return _cancelled(state, goal, here, done.arguments)
    order = order_of(state, goal, here, fits=orders.can_change, none_key="cancel.none")
    if isinstance(order, Step):
        return order
    number, handle = str(order.get("number", "")), str(order.get("id", ""))
    named_order = orders.reference_of(order)
    state = state.knowing(orders.known(order))
    if orders.is_over(order):
        return finish(state, goal, phrase("cancel.is_cancelled", number=named_order), shows=(handle,))
    if not orders.can_change(order):
        asked = Asked(what="offer", option="return", handles=(number,))
        key = "cancel.arrived" if orders.has_arrived(order) else "cancel.left"
        return finish(
            state,
            goal,
            phrase(key, number=named_order),
            shows=(handle,),
            asked=asked if orders.has_arrived(order) else None,
        )
    known = orders.reasons(order, "cancellation", CANCELLATION_REASONS)
    why = goal.slot("reason") or reason(goal.words, known)
    if why is None:
        asked = Asked(what="reason", choices=known)
        return ask(state, goal, asked, phrase("ask.why_cancel", number=named_order), shows=(handle,), choices=known)
    return _cancelled(state, goal, here, {"order_id": handle, "reason": why})


def _cancelled(state: State, goal: Goal, here: Here, arguments: Mapping[str, Any]) -> Step:
    result = changing(state, goal, here, Call("cancel_order", dict(arguments)))
    if isinstance(result, Step):
        return result
    number = orders.reference_of(result.record) if result.record.get("number") else f"[{arguments['order_id']}]"
    parts = [phrase("cancel.done", number=number)]
    refunds: Sequence[Mapping[str, Any]] = result.record.get("refunds") or ()
    back = sum(int(refund.get("amount_minor", 0)) for refund in refunds)
    currency = str(result.record.get("currency") or "")
    if len(refunds) == 1 and back and currency:
        parts.append(phrase("cancel.refunded", amount=money(back, currency)))
    return finish(state, goal, *parts, shows=(str(arguments.get("order_id", "")),))


def advance_amendment(state: State, goal: Goal, here: Here) -> Step:
    """Which order, which line, and what it becomes: another variant, another quantity, or nothing."""
    done = here.results.done("amend_order")
    if done is not None:
        return _amended(state, goal, here, done.arguments)
    order = order_of(state, goal, here, fits=orders.can_change, none_key="amend.none")
    if isinstance(order, Step):
        return order
    handle, named_order = str(order.get("id", "")), orders.reference_of(order)
    state = state.knowing(orders.known(order))
    if not orders.can_change(order):
        key = "cancel.is_cancelled" if orders.is_over(order) else "amend.too_late"
        return finish(state, goal, phrase(key, number=named_order), shows=(handle,))
    line = _line(state, goal, order)
    if isinstance(line, Step):
        return line
    goal = goal.having(line=str(line["id"]))
    return _line_change(state.with_changed(goal), goal, here, order, line)


def _line(state: State, goal: Goal, order: Order) -> Mapping[str, Any] | Step:
    lines = orders.lines(order)
    settled = next((line for line in lines if str(line.get("id")) == goal.slot("line")), None)
    if settled is not None:
        return settled
    if len(lines) == 1:
        return lines[0]
    meant = line_meant(_without_numbers(goal.words), lines, state)
    if meant is not None:
        return meant
    names = tuple(line_name(line) for line in lines)
    asked = Asked(what="items", handles=tuple(str(line["id"]) for line in lines))
    number = orders.reference_of(order)
    return ask(
        state, goal, asked, phrase("amend.which_line", number=number, lines=enumerated(names, "or")), choices=names[:8]
    )


def _without_numbers(words: str) -> str:
    for number in order_numbers(words):
        words = re.sub(rf"(?i)b?\W?{number.removeprefix('B-')}", " ", words)
    return words


def _line_change(state: State, goal: Goal, here: Here, order: Order, line: Mapping[str, Any]) -> Step:
    words = _without_numbers(goal.words)
    present = int(line.get("quantity", 1)) - int(line.get("cancelled", 0))
    if says(words, "orders.take_out"):
        number = quantity(words)
        taken = (
            number.number if number is not None and number.kind == "exactly" and number.number < present else present
        )
        return _change_to(state, goal, here, order, line, str(line.get("variant_id")), present - taken)
    call = Call("get_product", {"product_id": line.get("product_id")})
    step = here.ready(state, call)
    if step is not None:
        return step
    result = here.read(call)
    offered = {} if result is None or result.failed else products.options_of(result.record)
    asked_option = state.asked.option if state.asked is not None else None
    named = becomes(words, offered, asked=asked_option or None)
    present_options = dict(line.get("option_values") or {})
    named = {name: value for name, value in named.items() if str(present_options.get(name)) != value}
    number = quantity_beside(words, (value for values in offered.values() for value in values))
    variant_id, to = str(line.get("variant_id")), present
    if named and result is not None:
        fitting = products.matching(result.record, {**present_options, **named})
        if not fitting:
            values = enumerated(list({**present_options, **named}.values()))
            return finish(state, goal, phrase("product.not_together", title=str(line.get("title")), values=values))
        variant_id = str(fitting[0]["id"])
    elif wrong := unoffered(words, offered):
        name, value = next(iter(wrong.items()))
        goal = goal.model_copy(update={"words": ""})
        note = phrase("product.not_offered", title=str(line.get("title")), option=name, value=value)
        asked = Asked(what="size" if name == "size" else "colour", option=name)
        values = tuple(offered[name])
        question = phrase("ask.option", title=str(line.get("title")), option=name, values=enumerated(values, "or"))
        return ask(state.with_changed(goal), goal, asked, note, question, choices=values[:8])
    if goal.slot("quantity") is not None:
        number = Quantity("exactly", int(goal.slot("quantity")))
    if number is not None and number.kind == "more" and not named:
        # What an order is to hold is said in so many words.
        asked_many = Asked(what="quantity")
        return ask(state, goal, asked_many, phrase("cart.how_many", title=line_name({**line, "quantity": 1})))
    if number is not None:
        to = {"exactly": number.number, "more": present + number.number, "fewer": max(0, present - number.number)}[
            number.kind
        ]
    if variant_id == str(line.get("variant_id")) and to == present:
        return _what_change(state, goal, line, offered)
    return _change_to(state, goal, here, order, line, variant_id, to)


def _what_change(state: State, goal: Goal, line: Mapping[str, Any], offered: Mapping[str, Sequence[str]]) -> Step:
    title = line_name({**line, "quantity": 1})
    kinds = [name for name in ("size", "colour") if name in offered and says(goal.words, f"changing.{name}")]
    if kinds:
        values = tuple(offered[kinds[0]])
        asked = Asked(what="size" if kinds[0] == "size" else "colour", option=kinds[0])
        question = phrase("ask.option", title=str(line.get("title")), option=kinds[0], values=enumerated(values, "or"))
        return ask(state, goal, asked, question, choices=values[:8])
    choices = (
        *(f"Another {name}" for name in offered if name in ("size", "colour")),
        "Another quantity",
        "Take it out",
    )
    return ask(state, goal, Asked(what="change"), phrase("amend.what_change", title=title), choices=choices)


def _change_to(
    state: State, goal: Goal, here: Here, order: Order, line: Mapping[str, Any], variant_id: str, to: int
) -> Step:
    change = {"line_id": line["id"], "variant_id": variant_id, "quantity": to}
    arguments: dict[str, Any] = {"order_id": order.get("id"), "lines": [change]}
    instrument = orders.instrument_of(order)
    if instrument is not None:
        # What paid for the order pays, or receives, the difference.
        arguments["instrument_id"] = instrument
    return _amended(state, goal, here, arguments)


def _amended(state: State, goal: Goal, here: Here, arguments: Mapping[str, Any]) -> Step:
    result = changing(state, goal, here, Call("amend_order", dict(arguments)))
    if isinstance(result, Step):
        return result
    number = orders.reference_of(result.record) if result.record.get("number") else f"[{arguments['order_id']}]"
    parts = [phrase("amend.done" if "lines" in arguments else "address.done", number=number)]
    return finish(state, goal, *parts, shows=(str(arguments.get("order_id", "")),))


def _stored_elsewhere(order: Order, owner: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Stored addresses other than the one that the order has."""
    held = str(record(order.get("shipping_address")).get("line1") or "")
    return [one for one in owner.get("addresses") or () if str(address_in(one).get("line1")) != held]


def advance_address(state: State, goal: Goal, here: Here) -> Step:
    """Another address for an order that has not left; for a purchase under way it goes into the cart."""
    done = here.results.done("amend_order")
    if done is not None:
        return _amended(state, goal, here, done.arguments)
    order = order_of(state, goal, here, fits=orders.can_change, none_key="address.no_order")
    if isinstance(order, Step):
        return order
    handle, named_order = str(order.get("id", "")), orders.reference_of(order)
    state = state.knowing(orders.known(order))
    if not orders.can_change(order):
        key = "cancel.is_cancelled" if orders.is_over(order) else "address.too_late"
        return finish(state, goal, phrase(key, number=named_order), shows=(handle,))
    said = AddressParts(**dict(goal.slot("address") or {}))
    owner = known_account(state, here)
    if isinstance(owner, Step):
        return owner
    stored = _stored_elsewhere(order, owner)
    chosen = address_meant(goal.words, stored)
    if chosen is None and said.is_empty and len(stored) == 1 and says(goal.words, "addresses.of_mine"):
        chosen = stored[0]
    if chosen is not None and said.missing:
        return _amended(state, goal, here, {"order_id": handle, "address_id": chosen.get("id")})
    if said.is_empty and stored:
        lines = tuple(f"{address_in(one).get('line1')}, {address_in(one).get('city')}" for one in stored)[:4]
        question = phrase("address.which_stored", number=named_order, addresses=enumerated(lines, "or"))
        return ask(state, goal, Asked(what="address"), question, shows=(handle,), choices=lines)
    if said.is_empty:
        return ask(state, goal, Asked(what="address"), phrase("address.ask", number=named_order), shows=(handle,))
    name = str(record(order.get("shipping_address")).get("name") or owner.get("name") or "")
    said = said.completed(AddressParts(name=name)).in_country(str(order.get("country") or ""))
    if said.missing:
        goal = goal.having(address=said.as_record())
        return ask_rest_of_address(state.with_changed(goal), goal, said)
    return _amended(state, goal, here, {"order_id": handle, "address": said.as_record()})
