"""The dialogue's policy: goals become calls, questions and answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bottega.agents.assistant.dialogue.goal_kinds import ASIDES, ASKING, NEED_IDENTITY, TOPICS
from bottega.agents.assistant.dialogue.goals import (
    advising,
    asking,
    buying,
    carting,
    changing_carts,
    changing_orders,
    order_questions,
    reading_carts,
    searching,
    sending_back,
    signing_in,
    tracking,
)
from bottega.agents.assistant.dialogue.here import Here
from bottega.agents.assistant.dialogue.move import Call, Step, phrase
from bottega.agents.assistant.dialogue.state import LONGEST_KEPT_TEXT, Asked, Goal, GoalKind, Reply, State
from bottega.agents.assistant.language.patterns import says

STEPS_LIMIT = 40
Advance = Callable[[State, Goal, Here], Step]
_ADVANCE: Mapping[GoalKind, Advance] = {
    "search": searching.advance,
    "advise": advising.advance,
    "stock": advising.advance_stock,
    "compare": advising.advance_comparison,
    "add": carting.advance_add,
    "change_cart": changing_carts.advance_change,
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


def go_on(state: State, here: Here) -> Move:
    """Pursues the goals until calls have to be made or something has to be said."""
    question: Reply | None = None
    waiting: set[int] = set()
    state = reading_carts.knowing_cart(state, here.results)
    for _ in range(STEPS_LIMIT):
        goal = _next_goal(state, waiting)
        if goal is None:
            break
        step = _ADVANCE[goal.kind](state, goal, here)
        state = _on_topic(step.state, goal)
        if goal.kind == "buy" and step.calls and _only_tells_of_cart(state):
            # What was just put in is part of the question that follows.
            state = state.model_copy(update={"unsaid": None})
        if step.calls and state.unsaid is not None and any(call.tool in ASKING for call in step.calls):
            # The runtime's question would stand in place of what there is to say: ask whether to go on instead.
            waiting.add(goal.id)
            question = question or _whether_to_go_on(goal)
        elif step.calls:
            if any(call.tool in ASKING for call in step.calls):
                # The runtime asks now: what the engine asked before is answered.
                state = state.model_copy(update={"asked": None})
            return Move(_touched(state, goal), calls=step.calls)
        elif step.done:
            state = _finished(state, goal, step.reply)
        elif step.reply is not None:
            waiting.add(goal.id)
            state = _touched(state, goal, is_reminder=state.led_back and goal.since_turn < state.turn)
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
    if goal.kind in ("advise", "stock", "compare"):
        changes["asked_of"] = goal.words[-LONGEST_KEPT_TEXT:]
    if goal.kind in ("advise", "stock"):
        changes["last_question"] = changes["hints"] = goal.words[-LONGEST_KEPT_TEXT:]
    if goal.kind == "search":
        changes["hints"] = str(goal.slot("query") or "")
    if goal.kind == "ask_order" and says(goal.words, "orders.gift_card"):
        changes |= {"last_policy": "gift_card", "policy_turn": state.turn}
    if goal.kind == "policy":
        changes |= {"last_policy": str(goal.slot("about") or ""), "policy_turn": state.turn}
    if goal.kind == "coupon" or (goal.kind == "policy" and goal.slot("about") == "coupon"):
        changes["last_coupon_turn"] = state.turn
    return state.model_copy(update=changes)


def _whether_to_go_on(goal: Goal) -> Reply:
    asked = Asked(what="offer", option="go_on", goal_id=goal.id)
    return Reply(parts=(phrase(f"talk.go_on_{goal.kind}"),), choices=("Go on", "Not now"), asked=asked)


def _touched(state: State, goal: Goal, *, is_reminder: bool = False) -> State:
    """The goal is no longer new: it has been spoken about."""
    held = state.goal(goal.id)
    changes = {"is_new": False, "is_reminded": is_reminder}
    return state if held is None else state.with_changed(held.model_copy(update=changes))


def _next_goal(state: State, waiting: set[int]) -> Goal | None:
    """The newest goal that does not wait. Once there is something to say, only what this very message wanted too, what
    an earlier one wanted and nobody came to, and after an aside what was open before it."""
    signing_in = state.goal_of("sign_in")
    for goal in reversed(state.goals):
        if goal.id in waiting or (signing_in is not None and signing_in.id in waiting and goal.kind in NEED_IDENTITY):
            continue
        is_current = goal.since_turn == state.turn or goal.is_new
        if state.unsaid is not None and state.unsaid.asked is not None and goal.since_turn < state.turn:
            # One question at a time: the older one can wait.
            continue
        if (waiting or (state.unsaid is not None and not state.led_back)) and not is_current:
            return None
        if state.led_back and goal.is_reminded and not is_current:
            # Once is enough: whoever speaks of something else again comes back by themselves.
            continue
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
    changes: dict[str, object] = {"unsaid": None, "led_back": False, "asked": asked}
    if asked is not None and asked.choices:
        changes |= {"offered": asked, "offered_turn": state.turn}
    return Move(state.model_copy(update=changes), reply=reply)
