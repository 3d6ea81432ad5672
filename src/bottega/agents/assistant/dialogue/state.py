"""What the dialogue remembers between two messages; it travels as JSON inside the engine's own replies."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError

from bottega.agents.assistant.language.slots.references import Shown

Json: TypeAlias = Any
FORMAT = 1
GOALS_LIMIT = 6
SHOWN_LIMIT = 12
SEEN_LIMIT = 24
ORDERS_LIMIT = 10
LONGEST_KEPT_TEXT = 600

GoalKind = Literal[
    "search",
    "advise",
    "stock",
    "compare",
    "add",
    "change_cart",
    "show_cart",
    "coupon",
    "buy",
    "pay",
    "track",
    "ask_order",
    "list_orders",
    "cancel",
    "amend",
    "send_back",
    "refund",
    "track_return",
    "address",
    "invoice",
    "policy",
    "hand_over",
    "sign_in",
    "talk",
]
Topic = Literal["", "product", "cart", "order", "return", "policy"]
AsksFor = Literal[
    "product",
    "size",
    "colour",
    "option",
    "quantity",
    "email",
    "code",
    "sign_in",
    "name",
    "address",
    "shipping",
    "payment",
    "order",
    "items",
    "reason",
    "resolution",
    "coupon",
    "gift_card",
    "change",
    "confirmation",
    "offer",
]


class Record(BaseModel):
    """Frozen, and refusing what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(Record):
    """A product as it was shown, by its handle."""

    handle: str
    title: str
    price_minor: int | None = None
    currency: str = ""
    words: tuple[str, ...] = ()
    brand: str = ""
    grams: int | None = None
    kinds: tuple[str, ...] = ()
    """Words of its category's path."""

    def as_shown(self) -> Shown:
        """For finding what somebody refers to."""
        return Shown(self.handle, self.title, self.price_minor, frozenset(self.words), self.grams)


class Mention(Record):
    """Products that the newest message names: the words that do, handles of those that fit best and of others."""

    words: str
    handles: tuple[str, ...]
    also: tuple[str, ...] = ()


class KnownOrder(Record):
    """An order that was shown or named."""

    number: str
    handle: str = ""
    titles: tuple[str, ...] = ()
    country: str = ""
    method: str = ""


class Part(Record):
    """One piece of a reply: a phrase's key with its fields, or with `text` words of the shop itself (a passage, a
    refusal, the runtime's question)."""

    key: str = ""
    fields: Mapping[str, str] = {}
    text: str = ""


class Goal(Record):
    """Something the customer wants, with what is known about it so far.

    `slots` are of JSON's types. `words` is what the customer said towards it, for values that can only be read once
    more is known (which sizes a product has).
    """

    kind: GoalKind
    slots: Mapping[str, Json] = {}
    words: str = ""
    id: int = 0
    since_turn: int = 0
    is_reminded: bool = False
    """Whether the customer was led back to it after an aside, and said something else again."""
    is_new: bool = True
    """Whether nothing was said towards it yet; what a message wanted beside something else is not forgotten."""

    def slot(self, name: str) -> Json:
        """A slot's value, or None."""
        return self.slots.get(name)

    def having(self, **slots: Json) -> "Goal":
        """The same goal with further slots; None takes one away."""
        merged = {**self.slots, **slots}
        return self.model_copy(update={"slots": {name: value for name, value in merged.items() if value is not None}})

    def hearing(self, words: str) -> "Goal":
        """The same goal after more was said towards it."""
        return self.model_copy(update={"words": f"{self.words}\n{words}".strip()[-LONGEST_KEPT_TEXT:]})


class Asked(Record):
    """What the assistant's last message asked, for which goal, and what it offered to choose from."""

    what: AsksFor
    goal_id: int = 0
    option: str = ""
    about: str = ""
    choices: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()


class Reply(Record):
    """Pieces of text, the records shown with it by handle, buttons, and what it asks for."""

    parts: tuple[Part, ...] = ()
    shows: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    asked: Asked | None = None
    handover: bool = False

    def then(self, other: "Reply") -> "Reply":
        """This and, after it, another; what is asked is what the later one asks."""
        return Reply(
            parts=(*self.parts, *other.parts),
            shows=tuple(dict.fromkeys((*self.shows, *other.shows))),
            choices=other.choices or self.choices,
            citations=tuple(dict.fromkeys((*self.citations, *other.citations))),
            asked=other.asked or self.asked,
            handover=self.handover or other.handover,
        )


class State(Record):
    """Where the conversation stands. The last goal is the one being pursued; those before it wait."""

    format: int = FORMAT
    goals: tuple[Goal, ...] = ()
    asked: Asked | None = None
    unsaid: Reply | None = None
    """What goals of this turn have come to say while others still wait for results."""
    led_back: bool = False
    """Whether what was said was an aside, after which the goals that waited go on."""
    shown: tuple[Item, ...] = ()
    focus: tuple[str, ...] = ()
    seen: tuple[Item, ...] = ()
    mentioned: tuple[Mention, ...] = ()
    """What the newest message names, in its order."""
    known_words: tuple[str, ...] | None = None
    """Words of the newest message that stand in names of products; None where nobody has looked."""
    topic: Topic = ""
    """What was spoken about last: "it" and "how much" are about that."""
    last_question: str = ""
    """The newest question about a product: "and the other one?" asks it again."""
    asked_of: str = ""
    """What was last asked of products, or to be compared in them."""
    hints: str = ""
    """What was last searched for or asked of a product: its colours and sizes count where nothing else is said."""
    last_policy: str = ""
    """The subject of the newest question about the shop's rules, asked in `policy_turn`."""
    policy_turn: int = 0
    policy_country: str = ""
    """The country that the newest question about delivery was about."""
    ticket_turn: int = 0
    """When a colleague was called, if one was."""
    last_coupon_turn: int = 0
    cart: tuple[Item, ...] = ()
    """What lay in the cart when it was last read, each line by its product's handle or its own."""
    country: str = ""
    """Where the cart goes, once that is known; ISO 3166-1 alpha-2."""
    checkout_words: str = ""
    """What was said about delivery, address and payment before there was anything to buy."""
    on_screen: str = ""
    """The product whose page was open when the customer last spoke, by its handle."""
    orders: tuple[KnownOrder, ...] = ()
    order_in_focus: str = ""
    address: Mapping[str, str] = {}
    email: str = ""
    sizes: tuple[str, ...] = ()
    last_search: Mapping[str, Json] = {}
    last_added: Mapping[str, Json] = {}
    """What was put into the cart or changed there last, with the turn; forgotten when an order was made of it."""
    offered: Asked | None = None
    """The newest question that had choices, and when it was asked: they may still be said after something else."""
    offered_turn: int = 0
    last_text: str = ""
    heard_lately: str = ""
    turn: int = 0
    next_goal_id: int = 1
    not_understood: int = 0
    insulted: int = 0
    greeted: bool = False

    def with_goal(self, goal: Goal, *, beside: bool = False) -> "State":
        """The goal on top; one of its kind that waited makes room unless both are wanted, and so does the oldest of too
        many."""
        numbered = goal.model_copy(update={"id": self.next_goal_id, "since_turn": self.turn})
        others = tuple(held for held in self.goals if beside or held.kind != goal.kind)
        return self.model_copy(
            update={"goals": (*others, numbered)[-GOALS_LIMIT:], "next_goal_id": self.next_goal_id + 1, "asked": None}
        )

    def with_changed(self, goal: Goal) -> "State":
        """The goal of that id replaced, in its place."""
        return self.model_copy(update={"goals": tuple(goal if held.id == goal.id else held for held in self.goals)})

    def without(self, goal_id: int) -> "State":
        """That goal is reached or given up."""
        asked = None if self.asked is not None and self.asked.goal_id == goal_id else self.asked
        goals = tuple(held for held in self.goals if held.id != goal_id)
        return self.model_copy(update={"goals": goals, "asked": asked})

    def asking(self, asked: Asked) -> "State":
        """The state in which that question is the last one."""
        return self.model_copy(update={"asked": asked})

    def goal(self, goal_id: int) -> Goal | None:
        """The goal of that id, if it is still pursued."""
        return next((held for held in self.goals if held.id == goal_id), None)

    def goal_of(self, *kinds: GoalKind) -> Goal | None:
        """The newest goal of one of these kinds."""
        return next((held for held in reversed(self.goals) if held.kind in kinds), None)

    def item(self, handle: str) -> Item | None:
        """A product that was shown."""
        return next((item for item in (*self.shown, *self.seen) if item.handle == handle), None)

    def showing(self, items: tuple[Item, ...], *, focus: tuple[str, ...] | None = None) -> "State":
        """After these products were shown, in this order."""
        if focus is None:
            focus = tuple(item.handle for item in items) if len(items) == 1 else ()
        known = {item.handle: item for item in (*self.shown, *self.seen)} | {item.handle: item for item in items}
        seen = tuple(known.values())[-SEEN_LIMIT:]
        return self.model_copy(update={"shown": items[:SHOWN_LIMIT], "focus": focus, "seen": seen})

    def pursuing(self, goal_id: int) -> "State":
        """That goal on top, as if it had just been asked for."""
        goal = self.goal(goal_id)
        if goal is None:
            return self
        fresh = goal.model_copy(update={"since_turn": self.turn})
        return self.model_copy(update={"goals": (*(held for held in self.goals if held.id != goal_id), fresh)})

    def knowing(self, order: KnownOrder) -> "State":
        """After an order was spoken about; it is the one in focus."""
        others = tuple(held for held in self.orders if held.number != order.number)
        return self.model_copy(update={"orders": (order, *others)[:ORDERS_LIMIT], "order_in_focus": order.number})

    def as_record(self) -> Json:
        """JSON-ready."""
        return self.model_dump(mode="json", exclude_defaults=True)


def state_of(record: Json | None) -> State:
    """The state that `as_record` described; a new one for nothing, another format or anything malformed."""
    if not isinstance(record, dict):
        return State()
    try:
        state = State.model_validate(record)
    except ValidationError:
        return State()
    return state if state.format == FORMAT else State()
