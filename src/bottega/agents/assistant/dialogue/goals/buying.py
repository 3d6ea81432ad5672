"""Buying what lies in the cart: who and where to, how it travels, what pays for it, the order, the payment."""

from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue import orders
from bottega.agents.assistant.dialogue.goals.choosing import order_of
from bottega.agents.assistant.dialogue.goals.reading_carts import lines_of, read_cart
from bottega.agents.assistant.dialogue.here import ACCOUNT, Here, changing
from bottega.agents.assistant.dialogue.json_values import record
from bottega.agents.assistant.dialogue.move import Call, Step, ask, finish, phrase, verbatim
from bottega.agents.assistant.dialogue.orders import line_name
from bottega.agents.assistant.dialogue.products import enumerated
from bottega.agents.assistant.dialogue.results import Result
from bottega.agents.assistant.dialogue.state import Asked, Goal, Json, State
from bottega.agents.assistant.dialogue.ways import instrument_name, instrument_named, method_named, method_told
from bottega.agents.assistant.language.slots.addresses import AddressParts
from bottega.agents.assistant.language.slots.said import plainly

Account = Mapping[str, Json]
PAGE_METHOD = "payment_page"
_PAID = ("paid", "authorised")


def advance(state: State, goal: Goal, here: Here) -> Step:
    """From the cart to a paid order, one question at a time."""
    placed = here.results.done("create_order")
    if placed is not None:
        return _placed(state, goal, here, placed)
    cart = read_cart(state, goal, here)
    if isinstance(cart, Step):
        return cart
    if not lines_of(cart):
        adding = state.goal_of("add")
        if adding is not None:
            # Something is still being put into the cart: that comes first.
            return Step(state.pursuing(adding.id))
        return _nothing_to_buy(state, goal, here)
    if cart.get("problem"):
        return _not_to_be_had(state, goal, cart, str(cart["problem"]))
    for settle in (_contact, _shipping, _instrument):
        step = settle(state, goal, here, cart)
        if step is not None:
            return step
    order = Call("create_order", _paying_with(goal))
    result = changing(state, goal, here, order)
    if isinstance(result, Step):
        made = here.changed(order)
        is_refused = made is not None and made.failed
        return _not_to_be_had(state, goal, cart, made.refusal) if made is not None and is_refused else result
    return _placed(state, goal, here, result)


def _not_to_be_had(state: State, goal: Goal, cart: Mapping[str, Json], problem: str) -> Step:
    """What keeps the cart from being ordered, in names and not in codes."""
    gone = [line_name({**line, "quantity": 1}) for line in lines_of(cart) if _is_named(line, problem)]
    told = (phrase("buy.gone", lines=enumerated(gone)),) if gone else (verbatim(problem),)
    return finish(state, goal, phrase("talk.refused"), *told)


def _is_named(line: Mapping[str, Any], problem: str) -> bool:
    return bool(line.get("sku")) and str(line["sku"]) in problem


def _nothing_to_buy(state: State, goal: Goal, here: Here) -> Step:
    """With an empty cart, an order that waits for its payment is what is meant."""
    listing = Call("list_orders", {})
    step = here.ready(state, listing)
    if step is not None:
        return step
    result = here.read(listing)
    if result is not None and not result.failed and any(map(orders.is_unpaid, orders.listed(result.content))):
        payment = goal.slot("payment")
        return Step(state.without(goal.id).with_goal(Goal(kind="pay", slots={"payment": payment} if payment else {})))
    return finish(state, goal, phrase("buy.empty"), asked=Asked(what="product"))


def _paying_with(goal: Goal) -> dict[str, Json]:
    """How the order is to be paid, as `create_order` takes it."""
    named = {
        "pay_with": goal.slot("method"),
        "instrument_id": goal.slot("instrument"),
        "gift_card_code": goal.slot("gift_card"),
    }
    return {name: value for name, value in named.items() if value is not None}


def known_account(state: State, here: Here) -> Account | Step:
    """The customer's own record, empty for somebody unknown; a step when it has to be read first."""
    known = here.identity(state)
    if isinstance(known, Step):
        return known
    if not known or not here.results.offers("get_account"):
        return {}
    step = here.ready(state, ACCOUNT)
    if step is not None:
        return step
    result = here.read(ACCOUNT)
    return {} if result is None or result.failed else result.record


def _contact(state: State, goal: Goal, here: Here, cart: Mapping[str, Json]) -> Step | None:
    """E-mail and address: from the account when there is one, else asked for."""
    has_both = cart.get("email") and cart.get("shipping_address")
    if has_both and not goal.slot("new_address"):
        return None
    owner = known_account(state, here)
    if isinstance(owner, Step):
        return owner
    email = goal.slot("email") or state.email or cart.get("email") or owner.get("email")
    saved: Sequence[Mapping[str, Any]] = owner.get("addresses") or ()
    said = AddressParts(**goal.slot("new_address")) if goal.slot("new_address") else AddressParts(**dict(state.address))
    arguments: dict[str, Json] = {}
    if not said.is_empty:
        said = said.completed(AddressParts(name=str(owner.get("name") or ""))).in_country(
            str(cart.get("country") or "")
        )
        if said.missing:
            return ask_rest_of_address(state, goal, said)
        arguments["shipping_address"] = said.as_record()
    elif saved:
        default = next((one for one in saved if one.get("is_default")), saved[0])
        chosen = address_meant(str(goal.slot("place") or ""), saved) or default
        arguments["address_id"] = chosen.get("id")
    else:
        return ask(state, goal, Asked(what="address"), phrase("ask.address"))
    if not email:
        return ask(state, goal, Asked(what="email"), phrase("ask.email"))
    arguments["email"] = email
    new = arguments.get("shipping_address", {}).get("country")
    arguments |= {"country": new} if new else {}
    result = changing(state, goal, here, Call("set_cart_contact", arguments))
    if isinstance(result, Step):
        if result.done:
            # The address cannot be served: another one can be given.
            goal = goal.having(new_address=None)
            kept = state.with_changed(goal).model_copy(update={"address": {}})
            told = result.reply.parts if result.reply is not None else ()
            return ask(kept, goal, Asked(what="address"), *told, phrase("ask.other_address"))
        return result
    state = state if said.is_empty else state.model_copy(update={"address": said.as_record()})
    return Step(state.with_changed(goal.having(new_address=None)))


def address_meant(text: str, saved: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The stored address that words single out by its street or town."""
    plain = plainly(text)
    for part in ("line1", "city", "postal_code"):
        named = [one for one in saved if (value := str(address_in(one).get(part) or "")) and plainly(value) in plain]
        if len(named) == 1:
            return named[0]
    return None


def address_in(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parts of a stored address, however it is wrapped."""
    return record(stored.get("address")) or stored


def ask_rest_of_address(state: State, goal: Goal, said: AddressParts) -> Step:
    """Asks for what an address still lacks; what is there is kept."""
    kept = state.model_copy(update={"address": said.as_record()})
    names = {
        "line1": "the street and number",
        "city": "the town",
        "postal_code": "the postcode",
        "country": "the country",
        "name": "the name on the door",
    }
    if said.missing == ("name",):
        return ask(kept, goal, Asked(what="name"), phrase("ask.recipient"))
    missing = enumerated([names[one] for one in said.missing])
    return ask(kept, goal, Asked(what="address"), phrase("ask.rest_of_address", missing=missing))


def _shipping(state: State, goal: Goal, here: Here, cart: Mapping[str, Json]) -> Step | None:
    """The only method is taken; among several the customer chooses."""
    methods: Sequence[Mapping[str, Any]] = cart.get("shipping_methods") or ()
    wanted = goal.slot("shipping")
    if cart.get("shipping_method_id") and wanted is None:
        return None
    if not methods:
        return finish(state, goal, phrase("buy.no_shipping"))
    chosen = methods[0] if len(methods) == 1 else method_named(str(wanted or ""), methods)
    if chosen is None:
        currency = str(cart.get("currency", ""))
        names = tuple(str(method["name"]) for method in methods)
        told = enumerated([method_told(method, currency) for method in methods], "or")
        asked = Asked(what="shipping", handles=tuple(str(method["shipping_method_id"]) for method in methods))
        return ask(state, goal, asked, phrase("ask.shipping", methods=told), choices=names)
    if cart.get("shipping_method_id") == chosen["shipping_method_id"]:
        return Step(state.with_changed(goal.having(shipping=None)))
    result = changing(state, goal, here, Call("choose_shipping", {"shipping_method_id": chosen["shipping_method_id"]}))
    return result if isinstance(result, Step) else Step(state.with_changed(goal.having(shipping=None)))


def _instrument(state: State, goal: Goal, here: Here, _: Mapping[str, Json]) -> Step | None:
    """With stored instruments the customer chooses what pays; without, the payment page does."""
    if goal.slot("method") is not None:
        return None
    owner = known_account(state, here)
    if isinstance(owner, Step):
        return owner
    return _choose_instrument(state, goal, owner)


def _choose_instrument(state: State, goal: Goal, owner: Account) -> Step:
    """Settles `method` (and `instrument`) or asks for it."""
    stored = [one for one in owner.get("instruments") or () if one.get("balance_minor") != 0]
    said = str(goal.slot("payment") or "")
    if goal.slot("gift_card"):
        return Step(state.with_changed(goal.having(method="gift_card")))
    chosen = instrument_named(said, stored)
    if chosen is None and not stored:
        chosen = "payment_page"
    match chosen:
        case None:
            names = tuple(instrument_name(one) for one in stored)
            asked = Asked(what="payment", handles=tuple(str(one["id"]) for one in stored))
            told = enumerated([*names, "the payment page"], "or")
            return ask(state, goal, asked, phrase("ask.payment", instruments=told), choices=(*names, "Payment page"))
        case "gift_card":
            return ask(state, goal, Asked(what="gift_card"), phrase("ask.gift_card"))
        case "payment_page" | "bank_transfer":
            return Step(state.with_changed(goal.having(method=chosen)))
        case instrument:
            method = "gift_card" if instrument.get("kind") == "gift_card" else "stored"
            return Step(state.with_changed(goal.having(method=method, instrument=instrument["id"])))


def _placed(state: State, goal: Goal, here: Here, result: Result) -> Step:
    """What is said once there is an order; "paid" from what its record says."""
    if result.failed:
        cart = read_cart(state, goal, here)
        return cart if isinstance(cart, Step) else _not_to_be_had(state, goal, cart, result.refusal)
    if result.question is not None or result.waits:
        step = changing(state, goal, here, Call("create_order", result.arguments))
        assert isinstance(step, Step), "it did not succeed"
        return step
    order = result.record
    handle = str(order.get("id") or order.get("order_id") or "")
    state = state.knowing(orders.known({**order, "id": handle, "country": order.get("country") or state.country}))
    # The cart is the order now: what was still open about it is so no more.
    goals = tuple(held for held in state.goals if held.kind not in ("add", "change_cart", "coupon"))
    state = state.model_copy(update={"last_added": {}, "checkout_words": "", "cart": (), "goals": goals})
    return _payment_told(state, goal, {**order, "id": handle}, placed=True)


def _payment_told(state: State, goal: Goal, order: Mapping[str, Json], *, placed: bool) -> Step:
    named, handle = orders.reference_of(order), str(order.get("id", ""))
    lead = (phrase("buy.placed", number=named),) if placed else ()
    if order.get("payment_status") in _PAID:
        return finish(state, goal, *lead, phrase("buy.paid", number=named), shows=(handle,))
    if goal.slot("method") == "bank_transfer":
        return finish(state, goal, *lead, phrase("buy.pay_by_transfer", number=named), shows=(handle,))
    payments: Sequence[Mapping[str, Any]] = order.get("payments") or ()
    if payments and payments[-1].get("decline_code"):
        asked = Asked(what="offer", option="pay", handles=(str(order.get("number", "")),))
        return finish(state, goal, *lead, phrase("buy.payment_failed", number=named), shows=(handle,), asked=asked)
    if order.get("payment_page") or goal.slot("method") == PAGE_METHOD:
        return finish(state, goal, *lead, phrase("buy.pay_on_page", number=named), shows=(handle,))
    return finish(state, goal, *lead, phrase("buy.payment_pending", number=named), shows=(handle,))


def advance_payment(state: State, goal: Goal, here: Here) -> Step:
    """Paying an order that was placed before."""
    done = here.results.done("process_payment")
    if done is not None and done.succeeded:
        return _payment_told(state, goal, {"id": done.arguments.get("order_id"), **done.record}, placed=False)
    order = order_of(state, goal, here, fits=orders.is_unpaid, none_key="buy.nothing_unpaid")
    if isinstance(order, Step):
        return order
    state = state.knowing(orders.known(order))
    if not orders.is_unpaid(order):
        return finish(state, goal, phrase("buy.not_unpaid", number=orders.reference_of(order)))
    if goal.slot("method") is None:
        owner = known_account(state, here)
        if isinstance(owner, Step):
            return owner
        return _choose_instrument(state, goal, owner)
    if goal.slot("method") == PAGE_METHOD or not here.results.offers("process_payment"):
        page = Call("payment_page", {"order_id": order.get("id")})
        step = here.ready(state, page)
        if step is not None:
            return step
        return finish(
            state, goal, phrase("buy.pay_on_page", number=orders.reference_of(order)), shows=(str(order.get("id")),)
        )
    named = {
        "method": goal.slot("method"),
        "instrument_id": goal.slot("instrument"),
        "gift_card_code": goal.slot("gift_card"),
    }
    arguments = {name: value for name, value in named.items() if value is not None}
    result = changing(state, goal, here, Call("process_payment", {"order_id": order.get("id"), **arguments}))
    if isinstance(result, Step):
        return result
    return _payment_told(state, goal, {**order, **result.record}, placed=False)
