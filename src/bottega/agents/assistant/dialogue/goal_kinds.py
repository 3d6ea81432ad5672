"""What kinds of goals there are to the dialogue: which last, which are asides, which need to know who talks."""

from collections.abc import Mapping

from bottega.agents.assistant.dialogue.state import GoalKind, Topic

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

# Which goals ask for a yes to which tools.
ASKING: Mapping[str, tuple[GoalKind, ...]] = {
    "create_order": ("buy",),
    "process_payment": ("pay", "buy"),
    "cancel_order": ("cancel",),
    "amend_order": ("amend", "address"),
    "create_return": ("send_back",),
    "create_exchange": ("send_back",),
}
