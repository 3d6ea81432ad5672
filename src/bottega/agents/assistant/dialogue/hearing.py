"""Hearing: what the customer said becomes goals, answers to what was asked, or talk."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bottega.agents.assistant.dialogue import talk
from bottega.agents.assistant.dialogue.answering import answered
from bottega.agents.assistant.dialogue.choices import as_said, offered_before, wish_of
from bottega.agents.assistant.dialogue.goal_kinds import ASKING, LASTING, NEED_IDENTITY, TURNS_A_GOAL_WAITS
from bottega.agents.assistant.dialogue.goals.choosing import refer
from bottega.agents.assistant.dialogue.move import phrase
from bottega.agents.assistant.dialogue.naming import about_product, named_in
from bottega.agents.assistant.dialogue.refusing import other_than_refused
from bottega.agents.assistant.dialogue.settling import settled
from bottega.agents.assistant.dialogue.settling_words import is_question, is_values_only
from bottega.agents.assistant.dialogue.state import LONGEST_KEPT_TEXT, Asked, Goal, Reply, State
from bottega.agents.assistant.dialogue.understanding import Understood, Wish
from bottega.agents.assistant.dialogue.wishes import POLICY_INTENTS, RULES, checkout_slots, goal_for, order_place
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.patterns import paraphrased, says
from bottega.agents.assistant.language.slots.contact import emails, holds_card_number
from bottega.agents.assistant.language.slots.numbers import order_numbers
from bottega.ports.chat_model import UserMessage
from bottega.runtime.models.offline.model import Heard
from bottega.runtime.models.offline.splitting import clauses


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


NO_PENDING = Pending()
_ABOUT_CODES = ("coupon", f"{RULES}coupon")
_SEARCHES = frozenset({"product_search", "refine", "more_results"})
_OF_WHAT_IS_SHOWN = frozenset({"stock_question", "product_question", "compare"})


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
    asking = state.goal_of(*ASKING.get(pending.tool or "", ()))
    if asking is not None and state.asked is None:
        # The runtime asked in the engine's place, and nothing was asked since.
        state = state.model_copy(update={"asked": Asked(what="confirmation", goal_id=asking.id)})
    if found := emails(heard.text):
        state = state.model_copy(update={"email": found[0]})
    if holds_card_number(heard.text):
        return _saying(state, Reply(parts=(phrase("talk.no_card_numbers"),)))
    wished = wish_of(heard.text, state)
    if wished is not None:
        # A colleague is told what was said before the button, not the button.
        before = state.heard_lately.splitlines()[:-1]
        text = before[-1] if wished == "handover" and before else heard.text
        return _wanted(_unanswered(state), Wish(text, wished, "sure"), heard, currency)
    waiting = next((goal for goal in reversed(state.goals) if goal.kind in LASTING), None)
    if waiting is not None and as_said(heard.text) in lexicon().offers["go_on"]:
        return state.pursuing(waiting.id)
    before = offered_before(heard.text, state)
    got = answered(state, heard) or (None if before is None else answered(state.asking(before), heard))
    if got is not None:
        return got.state.model_copy(update={"unsaid": got.reply})
    state = _unanswered(state)
    corrected = other_than_refused(state, heard.correction) or _corrected(state, heard, currency)
    return corrected or _taken_up(state, heard, currency)


def _taken_up(state: State, heard: Understood, currency: str) -> State:
    """The state with everything that the message wants taken up."""
    wishes = _settled_wishes(state, heard)
    buying = state.goal_of("buy")
    if not wishes and buying is not None:
        return state.pursuing(buying.id)
    if checkout_slots(heard.text) and any(wish.intent in ("cart_add", "checkout", "cart_change") for wish in wishes):
        state = state.model_copy(
            update={"checkout_words": f"{state.checkout_words}\n{heard.text}".strip()[-LONGEST_KEPT_TEXT:]}
        )
    for wish in reversed(wishes):
        for apart in reversed(questions_apart(wish)):
            state = _wanted(state, apart, heard, currency)
    return state


def _settled_wishes(state: State, heard: Understood) -> list[Wish]:
    """What the message wants, as the conversation settles it."""
    wishes = merged([settled(state, wish) for wish in heard.wishes])
    if says(heard.text, "people.no_account"):
        # "No code, please" asks for none, and about none.
        told = Wish(heard.text, "no_account", "likely")
        others = [one for one in wishes if one.intent not in _ABOUT_CODES]
        wishes = others or ([] if state.goal_of("buy") is not None else [told])
    if says(heard.text, "about.lost") and any(wish.intent in ("order_status", "complaint") for wish in wishes):
        # What the rules say of a parcel that is late comes with where it is.
        wishes = [*(wish for wish in wishes if wish.intent != "complaint"), Wish(heard.text, f"{RULES}lost", "likely")]
    buys_now = says(heard.text, "wanting.now") and any(wish.intent == "cart_add" for wish in wishes)
    if buys_now and not any(wish.intent == "checkout" for wish in wishes):
        wishes = [*wishes, Wish(heard.text, "checkout", "likely")]
    return wishes


def questions_apart(wish: Wish) -> list[Wish]:
    """Two questions about the shop's rules in one breath are answered each: "how long do I have, and who pays?"."""
    is_rules = wish.intent in POLICY_INTENTS or wish.intent.startswith(RULES)
    parts = [one for one in clauses(wish.text, lexicon().joints) if one.strip()] if is_rules else []
    are_two = len(parts) == 2 and all(is_question(one) for one in parts)
    if not are_two or not paraphrased(parts[1]) or paraphrased(parts[0]) == paraphrased(parts[1]):
        return [wish]
    return [replace(wish, text=one) for one in parts]


def _unanswered(state: State) -> State:
    """The state when something else was said than was asked for: which product was meant is not asked again."""
    asked = state.asked
    goal = None if asked is None else state.goal(asked.goal_id)
    if asked is not None and (asked.what == "product" or (goal is not None and goal.kind == "change_cart")):
        state = state.without(asked.goal_id)
    return state.model_copy(update={"asked": None})


def merged(wishes: Sequence[Wish]) -> list[Wish]:
    """The wishes, of which one that only adds a value or asks for a price belongs to what stands before it: "the black
    one, please. Just one", "can I collect it? What does that cost"."""
    if any(wish.intent in POLICY_INTENTS or wish.intent.startswith(RULES) for wish in wishes):
        # "The zip broke. Is that covered?" asks for the rules, and returns nothing yet.
        wishes = [wish for wish in wishes if wish.intent not in ("return_request", "complaint") or "?" in wish.text]
    if any(wish.intent == "complaint" and wish.certainty != "unsure" for wish in wishes):
        # Who complains about a tent looks for none.
        wishes = [one for one in wishes if one.intent not in ("product_search", "refine", "more_results")]
    if any(wish.intent in ("cart_add", "checkout") for wish in wishes):
        wishes = [one for one in wishes if one.intent != "out_of_scope"]
    if any(wish.intent in ("return_request", "exchange", "order_cancel") for wish in wishes):
        # "My boots pinch. Can I get a bigger pair?" looks for nothing in the shop.
        looked = ("product_search", "refine", "product_question")
        wishes = [one for one in wishes if one.intent not in looked or one.certainty == "sure"]
    if any(wish.intent in _SEARCHES for wish in wishes):
        # What is asked of things that are only being looked for belongs to the search.
        wishes = [one for one in wishes if one.intent not in _OF_WHAT_IS_SHOWN or one.certainty == "sure"]
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
    kinds = ASKING.get(pending.tool or "", ())
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
        return state.with_goal(goal, beside=beside or goal.kind == "policy")
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
    if state.shown and state.topic in ("product", "cart"):
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
