"""From what is wanted to goals: one function per family of intents."""

import re
from collections.abc import Callable, Mapping

from bottega.agents.assistant.dialogue.goals.carting import code_in
from bottega.agents.assistant.dialogue.goals.choosing import refer
from bottega.agents.assistant.dialogue.goals.searching import more, refined, search_for
from bottega.agents.assistant.dialogue.naming import about_product, named_in
from bottega.agents.assistant.dialogue.state import Goal, GoalKind, State
from bottega.agents.assistant.language.slots.addresses import address
from bottega.agents.assistant.language.slots.numbers import order_numbers, quantity
from bottega.agents.assistant.language.slots.said import plainly

_FEE = re.compile(r"\b(?:fees?|charges?|charged?|cost|costs|penalt\w+|how much|free|policy|rules?|conditions?)\b")
_CONTACT = re.compile(
    r"\b(?:phone number|telephone|email address|e-mail address|your (?:number|e-?mail|hours|contact)|hours|open|contact details|hotline|free number|which number|what number|until when|from what time|at what time|when (?:is|are|can))\b"
)
_MONEY_WHERE = re.compile(r"\b(?:where|when|status|track|received|arrived|yet|still|how long|check|see|news|update|process\w*|went through|issued)\b")
_LIST = re.compile(r"\b(?:my orders|orders i|order history|all (?:my )?orders|past orders|which orders|my purchases|recent purchases|what have i (?:bought|ordered))\b")
_TO_AN_ORDER = re.compile(r"\b(?:order|parcel|package|purchase|shipment|it|b-\d+)\b|B-\d+")
_IN_THE_BOOK = re.compile(r"\b(?:address book|my account|in my profile|set up|save|secondary|second (?:delivery|shipping)|add (?:an|a new|another))\b")
_COUPON_OFF = re.compile(r"\b(?:remove|take .*off|without|drop|delete)\b")
_HAS_A_CODE = re.compile(r"\b(?:is there|do you have|any|can i get|give me|student|member|why|not valid|invalid|does ?n[o']?t work|not accepted|how long|combine|two|expire\w*|price match|cheaper)\b")

# Questions that documents answer.
POLICY_INTENTS = frozenset(
    {
        "policy_refund", "policy_payment", "policy_shipping", "policy_returns", "policy_warranty", "policy_sizing", "policy_privacy", "shop_info", "gift_card",
        "newsletter", "account_create", "account_edit", "account_password", "account_delete",
    }
)
# Which of these only the account's own pages or a colleague can do; the documents are asked first.
ACCOUNT_INTENTS = frozenset({"newsletter", "account_create", "account_edit", "account_password", "account_delete"})

Maker = Callable[[str, State], Goal]


def goal_for(intent: str, text: str, state: State, currency: str) -> Goal | None:
    """The goal of an intent, or None when it is a matter of talk."""
    if intent == "product_search":
        return search_for(text, currency)
    if intent == "refine":
        return refined(text, state) if state.last_search else search_for(text, currency)
    if intent == "more_results":
        return more(state) if state.last_search else None
    if intent in POLICY_INTENTS:
        return Goal(kind="policy", slots={"question": text, "about": intent}, words=text)
    maker = _MAKERS.get(intent)
    return None if maker is None else maker(text, state)


def _advise(text: str, state: State) -> Goal:
    return about_product(Goal(kind="advise", words=text), text, state, names_only_with_capitals=True)


def _stock(text: str, state: State) -> Goal:
    goal = about_product(Goal(kind="stock", words=text), text, state, names_only_with_capitals=bool(state.shown))
    return goal


def _compare(text: str, state: State) -> Goal:
    found = refer(text, state)
    handles = found.handles if found is not None and len(found.handles) > 1 else ()
    if not handles and len(state.focus) >= 2:
        handles = state.focus
    if not handles and len(state.shown) >= 2:
        # "Which is warmer" is about those on top.
        handles = tuple(item.handle for item in state.shown[: 3 if len(state.shown) == 3 else 2])
    if found is not None and len(found.handles) == 1 and len(state.focus) == 1 and state.focus != found.handles:
        handles = (*state.focus, *found.handles)
    return Goal(kind="compare", slots={"products": list(handles)}, words=text)


def _add(text: str, state: State) -> Goal:
    goal = about_product(Goal(kind="add", words=text), text, state, names_only_with_capitals=False)
    number = quantity(text)
    return goal if number is None else goal.having(quantity=number.number or 1)


def _order_goal(kind: GoalKind) -> Maker:
    def make(text: str, state: State) -> Goal:
        numbers = order_numbers(text)
        goal = Goal(kind=kind, words=text)
        return goal.having(order=numbers[-1]) if numbers else goal

    return make


def _track(text: str, state: State) -> Goal:
    if _LIST.search(plainly(text)) and not order_numbers(text):
        return Goal(kind="list_orders", words=text)
    return _order_goal("track")(text, state)


def _cancel(text: str, state: State) -> Goal:
    # "Is there a fee for cancelling" is a question, not a wish to cancel.
    if _FEE.search(plainly(text)) and not order_numbers(text):
        return Goal(kind="policy", slots={"question": text, "about": "order_cancel"}, words=text)
    return _order_goal("cancel")(text, state)


def _send_back(kind: str | None) -> Maker:
    def make(text: str, state: State) -> Goal:
        if re.search(r"\b(?:cancel|take back|withdraw) my return\b", plainly(text)):
            return Goal(kind="hand_over", words=text)
        if re.search(r"\b(?:status of my return|my return (?:arrive|been)|return been received)\b", plainly(text)):
            return _order_goal("refund")(text, state)
        goal = _order_goal("send_back")(text, state)
        return goal if kind is None else goal.having(kind=kind)

    return make


def _return(text: str, state: State) -> Goal:
    wants_it_gone = re.search(r"\b(?:return|send .*back|give .*back|money back|bring .*back|refund)\b", plainly(text))
    return _send_back("return" if wants_it_gone else None)(text, state)


def _exchange(text: str, state: State) -> Goal:
    # "Too small" alone does not say what is to happen; naming what it should become does.
    names_another = re.search(
        r"\b(?:exchange\w*|swap\w*|change|trade|replace\w*|instead|bigger|larger|smaller|another|different|next size|for an? (?:\d{2}|xs|s|m|l|xl|xxl))\b",
        plainly(text),
    )
    return _send_back("exchange" if names_another else None)(text, state)


def _refund(text: str, state: State) -> Goal:
    asks_where = _MONEY_WHERE.search(plainly(text)) is not None
    return _order_goal("refund")(text, state).having(where=asks_where)


def _address(text: str, state: State) -> Goal:
    parts = address(text)
    buying = state.goal_of("buy")
    if buying is not None and not order_numbers(text):
        return buying.having(new_address=parts.as_record() or None, asked_address=True)
    if _IN_THE_BOOK.search(plainly(text)) and not _TO_AN_ORDER.search(text):
        return Goal(kind="policy", slots={"question": text, "about": "address_change"}, words=text)
    goal = _order_goal("address")(text, state)
    return goal if parts.is_empty else goal.having(address=parts.as_record())


def _coupon(text: str, state: State) -> Goal:
    code = code_in(text)
    plain = plainly(text)
    if _COUPON_OFF.search(plain) and code is None:
        return Goal(kind="coupon", slots={"remove": True}, words=text)
    if code is None and _HAS_A_CODE.search(plain):
        return Goal(kind="policy", slots={"question": text, "about": "coupon"}, words=text)
    return Goal(kind="coupon", slots={} if code is None else {"code": code}, words=text)


def _buy(text: str, state: State) -> Goal:
    if order_numbers(text) or re.search(r"\b(?:open|unpaid|existing) order\b|\bmy order\b.*\bunpaid\b", plainly(text)):
        numbers = order_numbers(text)
        slots = {"order_number": numbers[-1]} if numbers else {}
        return _order_goal("pay")(text, state) if slots else Goal(kind="pay", words=text)
    payment = {"payment": text} if re.search(r"\b(?:card|visa|mastercard|paypal|transfer|gift|saved|stored|ending)\b", plainly(text)) else {}
    return Goal(kind="buy", slots=payment, words=text)


def _hand_over(text: str, state: State) -> Goal:
    if _CONTACT.search(plainly(text)):
        return Goal(kind="policy", slots={"question": text, "about": "handover"}, words=text)
    return Goal(kind="hand_over", words=text)


_MAKERS: Mapping[str, Maker] = {
    "product_question": _advise,
    "stock_question": _stock,
    "compare": _compare,
    "cart_add": _add,
    "cart_change": lambda text, state: Goal(kind="change_cart", words=text),
    "cart_show": lambda text, state: Goal(kind="show_cart", words=text),
    "checkout": _buy,
    "coupon": _coupon,
    "order_status": _track,
    "order_cancel": _cancel,
    "order_amend": _order_goal("amend"),
    "address_change": _address,
    "return_request": _return,
    "exchange": _exchange,
    "refund": _refund,
    "invoice": _order_goal("invoice"),
    "handover": _hand_over,
}


def order_place(text: str, state: State, currency: str) -> Goal | None:
    """A wish to buy: what it names is searched for; with a cart in hand it is the till."""
    if named := named_in(re.sub(r"(?i)\b(?:place|make|submit|put|start|complete|purchases?|orders?|buying|ordering|chat|online|website|shop|store|site|something|anything|stuff|new|help|need)\b", " ", text)):
        return search_for(named, currency)
    return Goal(kind="buy", words=text) if state.last_added else None
