"""Buying what lies in the cart: who and where to, how it travels, what pays for it, the order, the payment."""

from collections.abc import Mapping, Sequence
from typing import Any

from bottega.agents.assistant.dialogue import orders
from bottega.agents.assistant.dialogue.goals.carting import lines_of, read_cart
from bottega.agents.assistant.dialogue.here import Here, changing
from bottega.agents.assistant.dialogue.move import Call, Step, ask, finish, phrase, verbatim
from bottega.agents.assistant.dialogue.products import enumerated, money
from bottega.agents.assistant.dialogue.results import Result
from bottega.agents.assistant.dialogue.state import Asked, Goal, Json, KnownOrder, State
from bottega.agents.assistant.language.slots.addresses import AddressParts

Account = Mapping[str, Json]
PAGE = "payment page"
_PAID = ("paid", "authorised")


def advance(state: State, goal: Goal, here: Here) -> Step:
    """From the cart to a paid order, one question at a time."""
    if goal.slot("order") is not None:
        return _pay(state, goal, here)
    placed = here.results.done("create_order")
    if placed is not None:
        return _placed(state, goal, here, placed)
    cart = read_cart(state, goal, here)
    if isinstance(cart, Step):
        return cart
    if not lines_of(cart):
        return finish(state, goal, phrase("buy.empty"), asked=Asked(what="product"))
    for settle in (_contact, _shipping, _instrument):
        step = settle(state, goal, here, cart)
        if step is not None:
            return step
    result = changing(state, goal, here, Call("create_order", {}))
    if isinstance(result, Step):
        return result
    return _placed(state, goal, here, result)


def account(here: Here) -> Account | Step | None:
    """The customer's own record; None when nobody is known or it cannot be read."""
    if not here.is_identified or not here.results.offers("get_account"):
        return None
    call = Call("get_account", {})
    result = here.read(call)
    if result is None:
        return Step(State(), calls=(call,))
    return None if result.failed else result.record


def known_account(state: State, here: Here) -> Account | Step:
    """The account, empty when there is none; a step when it has to be read first."""
    found = account(here)
    if isinstance(found, Step):
        return Step(state, calls=found.calls)
    return found or {}


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
        said = said.completed(AddressParts(name=str(owner.get("name") or ""), country=str(cart.get("country") or "")))
        if said.missing:
            return ask_rest_of_address(state, goal, said)
        arguments["shipping_address"] = said.as_record()
    elif saved:
        default = next((one for one in saved if one.get("is_default")), saved[0])
        arguments["address_id"] = default.get("id")
    else:
        return ask(state, goal, Asked(what="address"), phrase("ask.address"))
    if not email:
        return ask(state, goal, Asked(what="email"), phrase("ask.email"))
    arguments["email"] = email
    country = arguments.get("shipping_address", {}).get("country")
    result = changing(state, goal, here, Call("set_cart_contact", {**arguments, **({"country": country} if country else {})}))
    if isinstance(result, Step):
        if result.done:
            # The address cannot be served: another one can be given.
            goal = goal.having(new_address=None)
            kept = state.with_changed(goal).model_copy(update={"address": {}})
            told = result.reply.parts if result.reply is not None else ()
            return ask(kept, goal, Asked(what="address"), *told, phrase("ask.other_address"))
        return result
    return Step(state.with_changed(goal.having(new_address=None)))


def ask_rest_of_address(state: State, goal: Goal, said: AddressParts) -> Step:
    """Asks for what an address still lacks; what is there is kept."""
    kept = state.model_copy(update={"address": said.as_record()})
    names = {"line1": "the street and number", "city": "the town", "postal_code": "the postcode", "country": "the country", "name": "the name on the door"}
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
        told = enumerated([_method_told(method, currency) for method in methods], "or")
        asked = Asked(what="shipping", handles=tuple(str(method["shipping_method_id"]) for method in methods))
        return ask(state, goal, asked, phrase("ask.shipping", methods=told), choices=names)
    if cart.get("shipping_method_id") == chosen["shipping_method_id"]:
        return Step(state.with_changed(goal.having(shipping=None)))
    result = changing(state, goal, here, Call("choose_shipping", {"shipping_method_id": chosen["shipping_method_id"]}))
    return result if isinstance(result, Step) else Step(state.with_changed(goal.having(shipping=None)))


def _method_told(method: Mapping[str, Any], currency: str) -> str:
    amount = int(method.get("amount_minor", 0))
    costs = money(amount, currency) if amount else "free"
    shortest, longest = method.get("minimum_days"), method.get("maximum_days")
    days = "" if shortest is None or longest is None else f", {shortest} to {longest} days" if shortest != longest else f", {longest} days"
    return f"{method['name']} ({costs}{days})"


def method_named(text: str, methods: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The method that the words choose: by name, by price, by speed, or collecting."""
    plain = text.lower()
    if not plain:
        return None
    by_name = [method for method in methods if any(word in plain for word in str(method["name"]).lower().split() if word not in ("delivery", "shipping", "in", "the"))]
    if len(by_name) == 1:
        return by_name[0]
    if any(word in plain for word in ("cheap", "free", "lowest", "least", "normal", "regular", "usual", "any", "whatever", "doesn't matter", "don't mind", "don't care")):
        delivered = [method for method in methods if method.get("kind") != "collection"] if "free" not in plain else list(methods)
        return min(delivered or methods, key=lambda method: int(method.get("amount_minor", 0)))
    if any(word in plain for word in ("fast", "quick", "soon", "express", "tomorrow", "urgent")):
        return min((m for m in methods if m.get("kind") != "collection"), key=lambda method: int(method.get("maximum_days") or 99), default=None)
    if any(word in plain for word in ("collect", "pick", "store", "shop", "myself")):
        return next((method for method in methods if method.get("kind") == "collection" or "ollect" in str(method["name"]) or "ick" in str(method["name"])), None)
    places = {"first": 0, "1": 0, "second": 1, "2": 1, "third": 2, "3": 2, "last": -1}
    place = next((index for word, index in places.items() if word in plain.split()), None)
    return methods[place] if place is not None and -1 <= place < len(methods) else None


def _instrument(state: State, goal: Goal, here: Here, _: Mapping[str, Json]) -> Step | None:
    """With stored instruments the customer chooses what pays; without, the payment page does."""
    if goal.slot("method") is not None:
        return None
    owner = known_account(state, here)
    if isinstance(owner, Step):
        return owner
    return _choose_instrument(state, goal, owner)


def _choose_instrument(state: State, goal: Goal, owner: Account) -> Step | None:
    stored: Sequence[Mapping[str, Any]] = owner.get("instruments") or ()
    if not stored:
        return Step(state.with_changed(goal.having(method="card")))
    chosen = instrument_named(str(goal.slot("payment") or ""), stored)
    if chosen == PAGE:
        return Step(state.with_changed(goal.having(method="card")))
    if isinstance(chosen, str) and chosen in ("bank_transfer", "gift_card"):
        return Step(state.with_changed(goal.having(method=chosen)))
    if isinstance(chosen, dict):
        return Step(state.with_changed(goal.having(method="stored", instrument=chosen["id"])))
    names = tuple(instrument_name(one) for one in stored)
    asked = Asked(what="payment", handles=tuple(str(one["id"]) for one in stored))
    return ask(state, goal, asked, phrase("ask.payment", instruments=enumerated([*names, "the " + PAGE], "or")), choices=(*names, "Payment page"))


def instrument_name(instrument: Mapping[str, Any]) -> str:
    """ "Visa ending 4242" """
    kind = str(instrument.get("brand") or instrument.get("kind") or "card").replace("_", " ").capitalize()
    digits = instrument.get("last_four")
    return f"{kind} ending {digits}" if digits else kind


def instrument_named(text: str, stored: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | str | None:
    """The stored instrument that is meant, the payment page, another way to pay, or None when it is not clear."""
    plain = text.lower()
    if not plain:
        return None
    by_digits = [one for one in stored if one.get("last_four") and str(one["last_four"]) in plain]
    by_brand = [one for one in stored if str(one.get("brand") or "").lower() and str(one["brand"]).lower() in plain]
    by_kind = [one for one in stored if str(one.get("kind") or "").replace("_", " ") in plain]
    for found in (by_digits, by_brand, by_kind):
        if len(found) == 1:
            return dict(found[0])
    if any(word in plain for word in ("page", "another card", "new card", "different card", "other card", "paypal", "link", "not the saved")):
        return PAGE
    if "transfer" in plain:
        return "bank_transfer"
    if "gift" in plain and not by_kind:
        return "gift_card"
    only_card = [one for one in stored if "gift" not in str(one.get("kind"))]
    if len(only_card) == 1 and any(word in plain for word in ("card", "saved", "stored", "usual", "same", "that", "yes", "it")):
        return dict(only_card[0])
    return None


def _placed(state: State, goal: Goal, here: Here, result: Result) -> Step:
    if result.question is not None or result.waits or result.failed:
        step = changing(state, goal, here, Call("create_order", result.arguments))
        assert isinstance(step, Step), "it did not succeed"
        return step
    order = result.record
    handle = str(order.get("order_id") or order.get("id") or "")
    number = str(order.get("number", ""))
    state = state.knowing(KnownOrder(number=number, handle=handle)).model_copy(update={"last_added": {}})
    goal = goal.having(order=handle, number=number)
    return _pay(state.with_changed(goal), goal, here)


def _pay(state: State, goal: Goal, here: Here) -> Step:
    """The payment of an order that stands; "paid" is said from what the tool reports."""
    if goal.slot("method") is None:
        owner = known_account(state, here)
        if isinstance(owner, Step):
            return owner
        step = _choose_instrument(state, goal, owner)
        assert step is not None, "it sets the method or asks"
        return step
    number = str(goal.slot("number") or "")
    lead = (phrase("buy.placed", number=number),) if here.results.done("create_order") is not None else ()
    arguments: dict[str, Json] = {"order_id": goal.slot("order"), "method": goal.slot("method")}
    if goal.slot("instrument"):
        arguments["instrument_id"] = goal.slot("instrument")
    if not here.results.offers("process_payment"):
        return finish(state, goal, *lead, phrase("buy.pay_in_account"), shows=(str(goal.slot("order")),))
    result = changing(state, goal, here, Call("process_payment", arguments))
    if isinstance(result, Step):
        reply = result.reply
        if reply is None:
            return result
        told = reply.model_copy(update={"parts": (*lead, *reply.parts), "shows": (str(goal.slot("order")),)})
        return Step(result.state, reply=told, done=result.done)
    return _payment_told(state, goal, result.record, lead, number)


def _payment_told(state: State, goal: Goal, payment: Mapping[str, Json], lead: Sequence[Any], number: str) -> Step:
    order = str(goal.slot("order"))
    page = payment.get("payment_page") or payment.get("payment_url") or payment.get("url")
    if payment.get("payment_status") in _PAID:
        return finish(state, goal, *lead, phrase("buy.paid", number=number), shows=(order,))
    if page:
        return finish(state, goal, *lead, phrase("buy.pay_on_page", number=number), verbatim(str(page)), shows=(order,))
    status = str(payment.get("payment_status") or payment.get("status") or "")
    key = "buy.payment_pending" if status in ("pending", "processing", "awaiting", "") else "buy.payment_failed"
    return finish(state, goal, *lead, phrase(key, number=number), shows=(order,))


def advance_payment(state: State, goal: Goal, here: Here) -> Step:
    """Paying an order that was placed before."""
    from bottega.agents.assistant.dialogue.goals.choosing import order_of

    if goal.slot("number") is not None:
        return _pay(state, goal, here)
    order = order_of(state, goal, here, fits=orders.is_unpaid, none_key="buy.nothing_unpaid")
    if isinstance(order, Step):
        return order
    if not orders.is_unpaid(order):
        return finish(state, goal, phrase("buy.not_unpaid", number=str(order.get("number"))))
    goal = goal.having(order=str(order.get("id")), number=str(order.get("number")))
    return _pay(state.with_changed(goal), goal, here)


