"""The dialogue's policy: what was heard becomes goals, and goals become calls, questions and answers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bottega.agents.assistant.dialogue import talk
from bottega.agents.assistant.dialogue.answering import answered
from bottega.agents.assistant.dialogue.goals import (
    advising,
    asking,
    buying,
    carting,
    changing_orders,
    order_questions,
    searching,
    sending_back,
    signing_in,
    tracking,
)
from bottega.agents.assistant.dialogue.goals.choosing import refer
from bottega.agents.assistant.dialogue.here import Here
from bottega.agents.assistant.dialogue.move import Call, Step, phrase
from bottega.agents.assistant.dialogue.naming import about_product, named_in
from bottega.agents.assistant.dialogue.settling import settled
from bottega.agents.assistant.dialogue.settling_words import is_values_only
from bottega.agents.assistant.dialogue.state import LONGEST_KEPT_TEXT, Asked, Goal, GoalKind, Reply, State, Topic
from bottega.agents.assistant.dialogue.understanding import Understood, Wish
from bottega.agents.assistant.dialogue.wishes import POLICY_INTENTS, RULES, checkout_slots, goal_for, order_place
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.contact import emails, holds_card_number
from bottega.agents.assistant.language.slots.numbers import order_numbers
from bottega.ports.chat_model import UserMessage
from bottega.runtime.models.offline.model import Heard

STEPS_LIMIT = 40
# A goal that nobody has spoken about for so long is given up silently.
TURNS_A_GOAL_WAITS = 6
# These go on over several messages; all others are answered in one, and a turn that failed leaves nothing of them.
LASTING: frozenset[GoalKind] = frozenset(
    {"add", "change_cart", "buy", "pay", "cancel", "amend", "address", "send_back", "sign_in"}
)
# After these the customer is led back to what was open before.
ASIDES: frozenset[GoalKind] = frozenset(
    {"policy", "advise", "stock", "compare", "show_cart", "coupon", "sign_in", "track", "ask_order", "list_orders"}
)

# These read the account: while the customer is asked who they are, they wait.
NEED_IDENTITY: frozenset[GoalKind] = frozenset(
    {
        "track",
        "ask_order",
        "list_orders",
        "cancel",
        "amend",
        "address",
        "send_back",
        "refund",
        "invoice",
        "pay",
        "track_return",
    }
)

# What is spoken about after each; a question about the shop's rules leaves that as it is.
TOPICS: Mapping[GoalKind, Topic] = {
    **dict.fromkeys(("search", "advise", "stock", "compare"), "product"),
    **dict.fromkeys(("add", "change_cart", "show_cart", "coupon", "buy"), "cart"),
    **dict.fromkeys(
        ("pay", "track", "ask_order", "list_orders", "cancel", "amend", "address", "refund", "invoice"), "order"
    ),
    **dict.fromkeys(("send_back", "track_return"), "return"),
}

Advance = Callable[[State, Goal, Here], Step]
_ADVANCE: Mapping[GoalKind, Advance] = {
    "search": searching.advance,
    "advise": advising.advance,
    "stock": advising.advance_stock,
    "compare": advising.advance_comparison,
    "add": carting.advance_add,
    "change_cart": carting.advance_change,
    "show_cart": carting.advance_show,
    "coupon": carting.advance_coupon,
    "buy": buying.advance,
    "pay": buying.advance_payment,
    "track": tracking.advance,
    "ask_order": order_questions.advance,
    "list_orders": tracking.advance_list,
    "refund": tracking.advance_refund,
    "invoice": tracking.advance_invoice,
    "track_return": tracking.advance_return,
    "cancel": changing_orders.advance_cancellation,
    "amend": changing_orders.advance_amendment,
    "address": changing_orders.advance_address,
    "send_back": sending_back.advance,
    "policy": asking.advance_policy,
    "hand_over": asking.advance_hand_over,
    "sign_in": signing_in.advance,
}


@dataclass(frozen=True, slots=True)
class Move:
    """What comes next: calls to make, or else a reply."""

    state: State
    calls: tuple[Call, ...] = ()
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Whether the customer's yes to a call was asked for before this message, and whether the runtime took it as one
    (then the call is made already when the message is heard)."""

    tool: str | None = None
    is_made: bool = False

    @classmethod
    def of(cls, heard: Heard) -> "Pending":
        """As the runtime says beside the messages."""
        tool = heard.context.get("pending_tool")
        start = max((place for place, one in enumerate(heard.messages) if isinstance(one, UserMessage)), default=-1)
        return cls(tool if isinstance(tool, str) else None, is_made=start + 1 < len(heard.messages))


# Which goals ask for a yes to which tools.
_ASKING: Mapping[str, tuple[GoalKind, ...]] = {
    "create_order": ("buy",),
    "process_payment": ("pay", "buy"),
    "cancel_order": ("cancel",),
    "amend_order": ("amend", "address"),
    "create_return": ("send_back",),
    "create_exchange": ("send_back",),
}
NO_PENDING = Pending()


def hear(state: State, heard: Understood, currency: str, pending: Pending = NO_PENDING) -> State:
    """The state after a message: answers are taken in, wishes have become goals, talk stands in `unsaid`."""
    kept = tuple(goal for goal in state.goals if _still_pursued(state, goal))
    heard_lately = f"{state.heard_lately}\n{heard.text}".strip()[-LONGEST_KEPT_TEXT:]
    state = state.model_copy(
        update={
            "turn": state.turn + 1,
            "unsaid": None,
            "goals": kept,
            "led_back": False,
            "heard_lately": heard_lately,
        }
    )
    if pending.is_made:
        return _confirmed(state, pending)
    asking = state.goal_of(*_ASKING.get(pending.tool or "", ()))
    if asking is not None:
        # The runtime asked in the engine's place.
        state = state.model_copy(update={"asked": Asked(what="confirmation", goal_id=asking.id)})
    if found := emails(heard.text):
        state = state.model_copy(update={"email": found[0]})
    if holds_card_number(heard.text):
        return _saying(state, Reply(parts=(phrase("talk.no_card_numbers"),)))
    got = answered(state, heard)
    if got is not None:
        return got.state.model_copy(update={"unsaid": got.reply})
    state = _unanswered(state)
    corrected = _corrected(state, heard, currency)
    if corrected is not None:
        return corrected
    wishes = merged([settled(state, wish) for wish in heard.wishes])
    if says(heard.text, "about.lost") and any(wish.intent in ("order_status", "complaint") for wish in wishes):
        # What the rules say of a parcel that is late comes with where it is.
        wishes = [*(wish for wish in wishes if wish.intent != "complaint"), Wish(heard.text, f"{RULES}lost", "likely")]
    buys_now = says(heard.text, "wanting.now") and any(wish.intent == "cart_add" for wish in wishes)
    if checkout_slots(heard.text) and any(wish.intent in ("cart_add", "checkout", "cart_change") for wish in wishes):
        state = state.model_copy(
            update={"checkout_words": f"{state.checkout_words}\n{heard.text}".strip()[-LONGEST_KEPT_TEXT:]}
        )
    if buys_now and not any(wish.intent == "checkout" for wish in wishes):
        wishes = [*wishes, Wish(heard.text, "checkout", "likely")]
    for wish in reversed(wishes):
        state = _wanted(state, wish, heard, currency)
    return state


def _unanswered(state: State) -> State:
    """The state when something else was said than was asked for: a question which product is meant is not asked again."""
    asked = state.asked
    if asked is not None and asked.what == "product":
        state = state.without(asked.goal_id)
    return state.model_copy(update={"asked": None})


def merged(wishes: Sequence[Wish]) -> list[Wish]:
    """The wishes, of which one that only adds a value or asks for a price belongs to what stands before it: "the black
    one, please. Just one", "can I collect it? What does that cost"."""
    if any(wish.intent in POLICY_INTENTS or wish.intent.startswith(RULES) for wish in wishes):
        # "The zip broke. Is that covered?" asks for the rules, and returns nothing yet.
        wishes = [wish for wish in wishes if wish.intent not in ("return_request", "complaint") or "?" in wish.text]
    if any(wish.intent in ("return_request", "exchange", "order_cancel") for wish in wishes):
        # "My boots pinch. Can I get a bigger pair?" looks for nothing in the shop.
        looked = ("product_search", "refine", "product_question")
        wishes = [one for one in wishes if one.intent not in looked or one.certainty == "sure"]
    if len(wishes) > 1:
        # A colleague is called when one is asked for, not when words may mean it beside something else.
        wishes = [one for one in wishes if one.intent != "handover" or one.certainty == "sure"]
    kept: list[Wish] = []
    for wish in wishes:
        before = kept[-1] if kept else None
        is_value = before is not None and before.intent == "cart_add" and is_values_only(wish.text)
        is_its_price = (
            before is not None
            and (before.intent in POLICY_INTENTS or before.intent.startswith(RULES))
            and wish.intent in ("product_question", "cart_show")
            and not named_in(wish.text)
        )
        if before is not None and (is_value or is_its_price):
            kept[-1] = replace(before, text=f"{before.text} {wish.text}")
        else:
            kept.append(wish)
    return kept


def _still_pursued(state: State, goal: Goal) -> bool:
    """Whether a goal outlives the turn: what is bought or changed does for a while, a look-up only when it asked."""
    if state.turn - goal.since_turn >= TURNS_A_GOAL_WAITS:
        return False
    is_asked = state.asked is not None and state.asked.goal_id == goal.id
    awaits_identity = goal.kind in NEED_IDENTITY and state.goal_of("sign_in") is not None
    return goal.kind in LASTING or goal.is_new or is_asked or awaits_identity


def _confirmed(state: State, pending: Pending) -> State:
    """After a yes the call is made: the goal that wanted it tells what came of it, before any other."""
    state = state.model_copy(update={"asked": None})
    kinds = _ASKING.get(pending.tool or "", ())
    asking = state.goal_of(*kinds)
    if asking is None:
        return state.with_goal(Goal(kind=kinds[0])) if kinds else state
    others = tuple(goal for goal in state.goals if goal.id != asking.id)
    return state.model_copy(update={"goals": (*others, asking.model_copy(update={"since_turn": state.turn}))})


def _corrected(state: State, heard: Understood, currency: str) -> State | None:
    """ "No, I meant the second one" after something was put into the cart or searched for."""
    correction = heard.correction
    if correction is None or (
        heard.first.certainty == "sure" and heard.first.intent not in ("cart_add", "give_details", "drop", "confirm_no")
    ):
        return None
    found = refer(correction.instead, state)
    if state.last_added and found is not None and found.by != "pronoun" and not found.is_ambiguous:
        if found.handles[0] == state.last_added.get("product"):
            return None
        out = Goal(kind="change_cart", slots={"variant": state.last_added.get("variant_id")})
        into = Goal(
            kind="add",
            slots={"product": found.handles[0], "quantity": state.last_added.get("quantity")},
            words=correction.instead,
        )
        return state.with_goal(into).with_goal(out)
    if found is None and state.last_search and not state.last_added and named_in(correction.instead):
        goal = goal_for("product_search", correction.instead, state, currency)
        return None if goal is None else state.with_goal(goal)
    return None


def _wanted(state: State, wish: Wish, heard: Understood, currency: str) -> State:
    """The state with one wish taken up."""
    if wish.certainty == "unsure":
        state, reply = talk.not_understood(state, (wish.intent, *wish.also))
        return _saying(state, reply)
    state = state.model_copy(update={"not_understood": 0})
    if wish.intent in ("drop", "confirm_no"):
        # What this very message wants beside it is not what is dropped.
        older = [goal for goal in state.goals if goal.since_turn < state.turn]
        if older:
            return _saying(state.without(older[-1].id), Reply(parts=(phrase("talk.dropped"),)))
        if state.goals:
            return state
    if wish.intent == "give_details":
        return _details(state, heard, currency)
    goal = (
        order_place(wish.text, state, currency)
        if wish.intent == "order_place"
        else goal_for(wish.intent, wish.text, state, currency)
    )
    if goal is not None:
        beside = goal.kind == "add" and re.match(r"(?i)(?:and|also|plus)\b", wish.text) is not None
        return state.with_goal(goal, beside=beside)
    said = talk.answer_in_talk(wish.intent, wish.text, state)
    if said is None:
        state, reply = talk.not_understood(state, wish.also)
        return _saying(state, reply)
    return _saying(*said)


def _details(state: State, heard: Understood, currency: str) -> State:
    """Values that nobody asked for: they belong to what is open, or to a product in focus, or to an order."""
    numbers = order_numbers(heard.text)
    if numbers:
        open_goal = state.goal_of("cancel", "amend", "send_back", "track", "refund", "address", "invoice", "pay")
        if open_goal is not None:
            return state.with_changed(open_goal.having(order=numbers[-1]))
        return state.with_goal(Goal(kind="track", slots={"order": numbers[-1]}))
    if state.shown:
        # A bare number that is no quantity is a size.
        words = f"size {heard.text}" if heard.text.strip(" .!").isdigit() else heard.text
        goal = about_product(Goal(kind="add", words=words), heard.text, state, names_only_with_capitals=False)
        if goal.slot("product") or goal.slot("among"):
            return state.with_goal(goal)
    if state.goals:
        return state.with_changed(state.goals[-1].hearing(heard.text))
    if named_in(heard.text) and not emails(heard.text) and state.last_search:
        refined = goal_for("refine", heard.text, state, currency)
        return state if refined is None else state.with_goal(refined)
    said = talk.answer_in_talk("give_details", heard.text, state)
    assert said is not None, "it is talk"
    return _saying(*said)


def _saying(state: State, reply: Reply) -> State:
    unsaid = reply if state.unsaid is None else reply.then(state.unsaid)
    return state.model_copy(update={"unsaid": unsaid})


def go_on(state: State, here: Here) -> Move:
    """Pursues the goals until calls have to be made or something has to be said."""
    question: Reply | None = None
    waiting: set[int] = set()
    state = carting.knowing_cart(state, here.results)
    for _ in range(STEPS_LIMIT):
        goal = _next_goal(state, waiting)
        if goal is None:
            break
        step = _ADVANCE[goal.kind](state, goal, here)
        state = _on_topic(step.state, goal)
        if goal.kind == "buy" and step.calls and _only_tells_of_cart(state):
            # What was just put in is part of the question that follows.
            state = state.model_copy(update={"unsaid": None})
        if step.calls and state.unsaid is not None and any(call.tool in _ASKING for call in step.calls):
            # The runtime's question would stand in place of what there is to say: ask whether to go on instead.
            waiting.add(goal.id)
            question = question or _whether_to_go_on(goal)
        elif step.calls:
            return Move(_touched(state, goal), calls=step.calls)
        elif step.done:
            state = _finished(state, goal, step.reply)
        elif step.reply is not None:
            waiting.add(goal.id)
            state = _touched(state, goal)
            question = question or step.reply
    return _said(state, question)


def _only_tells_of_cart(state: State) -> bool:
    parts = state.unsaid.parts if state.unsaid is not None else ()
    return bool(parts) and all(part.key.startswith("cart.") for part in parts)


def _on_topic(state: State, goal: Goal) -> State:
    """The state with what is spoken about now; an order that was just made of the cart is the subject from then on."""
    changes: dict[str, object] = {}
    if goal.kind in TOPICS:
        is_ordered = goal.kind == "buy" and not state.last_added and bool(state.order_in_focus) and not state.cart
        changes["topic"] = "order" if is_ordered else TOPICS[goal.kind]
    if goal.kind in ("advise", "stock"):
        changes["last_question"] = changes["hints"] = goal.words[-LONGEST_KEPT_TEXT:]
    if goal.kind == "search":
        changes["hints"] = str(goal.slot("query") or "")
    if goal.kind == "ask_order" and says(goal.words, "orders.gift_card"):
        changes |= {"last_policy": "gift_card", "policy_turn": state.turn}
    if goal.kind == "policy":
        changes |= {"last_policy": str(goal.slot("about") or ""), "policy_turn": state.turn}
    if goal.kind == "coupon":
        changes["last_coupon_turn"] = state.turn
    return state.model_copy(update=changes)


def _whether_to_go_on(goal: Goal) -> Reply:
    asked = Asked(what="offer", option="go_on", goal_id=goal.id)
    return Reply(parts=(phrase(f"talk.go_on_{goal.kind}"),), choices=("Go on", "Not now"), asked=asked)


def _touched(state: State, goal: Goal) -> State:
    """The goal is no longer new: it has been spoken about."""
    held = state.goal(goal.id)
    return state if held is None else state.with_changed(held.model_copy(update={"is_new": False}))


def _next_goal(state: State, waiting: set[int]) -> Goal | None:
    """The newest goal that does not wait. Once there is something to say, only what this very message wanted too, what
    an earlier one wanted and nobody came to, and after an aside what was open before it."""
    signing_in = state.goal_of("sign_in")
    for goal in reversed(state.goals):
        if goal.id in waiting or (signing_in is not None and signing_in.id in waiting and goal.kind in NEED_IDENTITY):
            continue
        is_current = goal.since_turn == state.turn or goal.is_new
        if (waiting or (state.unsaid is not None and not state.led_back)) and not is_current:
            return None
        return goal
    return None


def _finished(state: State, goal: Goal, reply: Reply | None) -> State:
    unsaid = state.unsaid
    if reply is not None:
        unsaid = reply if unsaid is None else unsaid.then(reply)
    waits = [held for held in state.goals if held.since_turn != state.turn]
    led_back = state.led_back or (goal.kind in ASIDES and bool(waits))
    return state.model_copy(update={"unsaid": unsaid, "led_back": led_back})


def _said(state: State, question: Reply | None) -> Move:
    reply = state.unsaid
    if question is not None:
        reply = question if reply is None else reply.then(question)
    if reply is None:
        reply = Reply(parts=(phrase("talk.anything_else"),))
    asked = reply.asked
    if asked is not None and not asked.choices:
        asked = asked.model_copy(update={"choices": reply.choices})
    state = state.model_copy(update={"unsaid": None, "led_back": False, "asked": asked})
    return Move(state, reply=reply)
