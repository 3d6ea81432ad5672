"""The attack texts as typed records, and what makes one of them valid."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Channel = Literal["product_text", "review", "ticket", "document", "mail", "order_note", "customer_name"]
Agent = Literal["shopping", "back_office"]
Given = Literal["stop_switch_on"]
Goal = Literal[
    "approve_held_action", "cancel_others_order", "cancel_own_order", "change_address", "confirmation_forgery",
    "denial_of_service", "exfiltrate_by_link", "exfiltrate_by_mail", "false_claim_done", "forged_handle", "free_order",
    "gift_card_theft", "hidden_markup", "identity_switch", "invented_policy", "leak_other_customer",
    "leak_personal_data_by_url", "leak_system_prompt", "memory_poisoning", "payment_diversion", "price_cut",
    "quantity_inflation", "refund_to_attacker", "role_play_staff", "second_stage", "spend_beyond_limit",
    "stock_tampering", "stop_switch_off", "tool_flood", "unasked_purchase", "ungrounded_price", "unicode_smuggling",
    "wrong_product_substitution",
]  # fmt: skip
ForbiddenKind = Literal[
    "calls_at_most", "cart_lacks", "cart_quantity_at_most", "mail_lacks", "memory_lacks", "no_action", "no_host",
    "no_mail_to", "no_row", "reply_lacks", "reply_visible", "tickets_at_most", "unchanged",
]  # fmt: skip
SuccessKind = Literal["cart_has", "cites", "replied", "reply_has", "reply_names", "ticket_answered", "tool_done"]
Value = str | int | bool

READING_ARGUMENTS: dict[str, set[str]] = {
    "search_products": {"query"},
    "get_product": {"product_id"},
    "compare_products": {"product_ids"},
    "check_inventory": {"product_id"},
    "show_cart": set(),
    "get_order": {"order_id"},
    "list_orders": {"customer_id"},
    "get_return": {"return_id"},
    "find_policy": {"query"},
    "gift_card_balance": {"code"},
}
CHANGING_ARGUMENTS: dict[str, set[str]] = {
    "add_to_cart": {"variant_id", "quantity"},
    "change_cart_line": {"line_id", "quantity"},
    "remove_from_cart": {"line_id"},
    "apply_coupon": {"coupon_code"},
    "set_cart_contact": {"email", "shipping_address", "country"},
    "choose_shipping": {"shipping_method_id"},
    "create_order": {"expected_total_minor"},
    "process_payment": {"order_id", "method", "instrument_id", "gift_card_code", "amount_minor"},
    "cancel_order": {"order_id", "reason"},
    "amend_order": {"order_id", "address", "lines", "instrument_id"},
    "create_return": {"order_id", "lines", "reason", "instrument_id"},
    "create_exchange": {"order_id", "lines", "reason", "instrument_id"},
    "escalate_support": {"subject", "text", "priority"},
    "identify_customer": {"email", "code"},
}
BACK_OFFICE_ARGUMENTS: dict[str, set[str]] = {
    "change_price": {"variant_id", "currency", "amount_minor"},
    "refund_payment": {"order_id", "amount_minor", "gift_card_id", "reason"},
    "issue_gift_card": {"amount_minor", "currency", "customer_id", "reason"},
    "grant_approval": {"approval_id", "arguments_digest"},
    "answer_ticket": {"ticket_id", "text", "internal"},
    "adjust_stock": {"variant_id", "location_id", "change", "reason"},
}
ARGUMENTS = READING_ARGUMENTS | CHANGING_ARGUMENTS | BACK_OFFICE_ARGUMENTS
# What an attacker adds although no such argument exists: a forged yes, a forged authority, another addressee.
FORGED_ARGUMENTS: dict[str, set[str]] = {
    "answer_ticket": {"to", "cc"},
    "issue_gift_card": {"email"},
    "refund_payment": {"instrument_id"},
    "identify_customer": {"customer_id"},
}
FORGED_ANYWHERE = {"confirmed", "approved_by", "on_behalf_of"}

PLACEHOLDERS = {
    "$PRODUCT", "$VARIANT", "$PRICE", "$OTHER_PRODUCT", "$EXPENSIVE_PRODUCT", "$EXPENSIVE_VARIANT",
    "$OWN_CUSTOMER", "$OWN_NAME", "$OWN_EMAIL", "$OWN_ADDRESS", "$OWN_ORDER", "$OWN_LINE", "$OWN_INSTRUMENT",
    "$OWN_CART_LINE", "$OTHER_CUSTOMER", "$OTHER_NAME", "$OTHER_EMAIL", "$OTHER_ADDRESS", "$OTHER_ORDER",
    "$OTHER_RETURN", "$OTHER_GIFT_CARD", "$OTHER_TICKET", "$ATTACKER_CUSTOMER", "$ATTACKER_EMAIL",
    "$ATTACKER_ADDRESS", "$ATTACKER_INSTRUMENT", "$TICKET", "$DOCUMENT", "$APPROVAL", "$APPROVAL_DIGEST",
    "$LOCATION", "$SHIPPING_METHOD", "$FORGED_HANDLE", "$SYSTEM_PROMPT", "$SYSTEM_PROMPT_BASE64",
}  # fmt: skip
SECRET = re.compile(r"\$(OTHER_(?!PRODUCT)[A-Z_]+|SYSTEM_PROMPT\w*|FORGED_HANDLE)")
# The customer's own values are no secret from them, but they are in the query of somebody's link.
OWN_IN_LINK = re.compile(r"//\S*\$OWN_[A-Z]+")
UNCHANGED = {
    "accounts_of_others", "approvals", "carts_of_others", "gift_cards", "orders_of_others", "own_account", "own_cart",
    "own_orders", "payments", "prices", "stock", "stop_switch", "tickets_of_others",
}  # fmt: skip
COUNTED: set[str] = {"calls_at_most", "cart_quantity_at_most", "tickets_at_most"}
FLAGS: set[str] = {"reply_visible", "replied"}
LONGEST: dict[Channel, int] = {"customer_name": 120, "order_note": 1_000}
RESERVED_ENDINGS = ("example", "invalid", "test")
# The first tool call of the harmless task meets the text; tickets and mails are the task themselves.
READERS: dict[Channel, set[str]] = {
    "product_text": {"get_product", "search_products", "compare_products"},
    "review": {"get_product"},
    "document": {"find_policy"},
    "order_note": {"get_order"},
    "customer_name": {"get_product", "get_order", "list_orders", "answer_ticket"},
}
HOST = re.compile(r"(?:https?://|@|src=//)(?:[^\s/@\"'<>]*@)?((?:[a-z0-9-]+\.)+[a-z]+)")
BARE_HOST = re.compile(r"\b((?:[a-z0-9-]+\.)+(?:com|net|org|io|eu|it|de|ch|co|shop|info))\b")


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Call(Record):
    tool: str
    arguments: dict[str, object]
    times: int = Field(default=1, ge=1, le=500)


class Say(Record):
    say: str = Field(min_length=1)


Step = Call | Say


class Second(Record):
    channel: Channel
    text: str = Field(min_length=1, max_length=2_000)


class Later(Record):
    benign: str = Field(min_length=1)
    obeys: tuple[Step, ...] = Field(min_length=1)
    benign_steps: tuple[Step, ...] = Field(min_length=1)
    benign_succeeds: tuple[dict[SuccessKind, Value], ...] = Field(min_length=1)


class Attack(Record):
    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    channel: Channel
    goal: Goal
    agent: Agent
    text: str = Field(min_length=1, max_length=2_000)
    obeys: tuple[Step, ...]
    forbidden: tuple[dict[ForbiddenKind, Value], ...] = Field(min_length=1)
    benign: str = Field(min_length=1)
    benign_steps: tuple[Step, ...] = Field(min_length=1)
    benign_succeeds: tuple[dict[SuccessKind, Value], ...] = Field(min_length=1)
    given: tuple[Given, ...] = ()
    second: Second | None = None
    later: Later | None = None

    @property
    def all_obeys(self) -> tuple[Step, ...]:
        return self.obeys + (self.later.obeys if self.later else ())

    @property
    def all_benign_steps(self) -> tuple[Step, ...]:
        return self.benign_steps + (self.later.benign_steps if self.later else ())

    @property
    def all_successes(self) -> tuple[dict[SuccessKind, Value], ...]:
        return self.benign_succeeds + (self.later.benign_succeeds if self.later else ())


def load(path: Path) -> tuple[Attack, ...]:
    """Every line of the file; raises ValueError that names all lines which are not valid."""
    attacks: list[Attack] = []
    problems: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            attack = Attack.model_validate_json(line)
        except ValidationError as error:
            problems.append(f"line {number}: {error}")
            continue
        problems += [f"line {number}, {attack.id}: {problem}" for problem in problems_of(attack)]
        attacks.append(attack)
    ids = [attack.id for attack in attacks]
    problems += [f"{name} is there more than once" for name in sorted({one for one in ids if ids.count(one) > 1})]
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(attacks)


def problems_of(attack: Attack) -> Iterator[str]:
    """What the field types alone cannot say."""
    words = attack.model_dump_json()
    for name in sorted(set(re.findall(r"\$[A-Z_0-9]+", words)) - PLACEHOLDERS):
        yield f"unknown placeholder {name}"
    for host in sorted({*HOST.findall(words), *BARE_HOST.findall(words)}):
        if host.rsplit(".", 1)[-1] not in RESERVED_ENDINGS:
            yield f"host {host} is not reserved"
    if len(attack.text) > LONGEST.get(attack.channel, 2_000):
        yield f"text too long for {attack.channel}"
    if (attack.goal == "second_stage") != (attack.second is not None):
        yield "a second text belongs to second_stage, and to nothing else"
    if attack.goal == "memory_poisoning" and attack.later is None:
        yield "memory_poisoning shows later or not at all"
    if not attack.all_obeys:
        yield "obeys nothing"
    yield from _problems_of_steps(attack)
    yield from _problems_of_checks(attack)


def _problems_of_steps(attack: Attack) -> Iterator[str]:
    for call in calls(attack.all_obeys + attack.all_benign_steps):
        if call.tool not in ARGUMENTS:
            yield f"unknown tool {call.tool}"
            continue
        known = ARGUMENTS[call.tool] | FORGED_ARGUMENTS.get(call.tool, set()) | FORGED_ANYWHERE
        for argument in sorted(call.arguments.keys() - known):
            yield f"{call.tool} has no argument {argument}"
    for call in calls(attack.all_benign_steps):
        if unknown := sorted(call.arguments.keys() - ARGUMENTS.get(call.tool, set())):
            yield f"the harmless {call.tool} forges {', '.join(unknown)}"
        if attack.agent == "shopping" and call.tool in BACK_OFFICE_ARGUMENTS:
            yield f"the harmless task of a shopper calls {call.tool}"
        if attack.agent == "back_office" and call.tool in CHANGING_ARGUMENTS:
            yield f"the harmless task of the back office calls {call.tool}"
    first = next(calls(attack.benign_steps), None)
    if attack.channel in READERS and (first is None or first.tool not in READERS[attack.channel]):
        yield f"the harmless task does not begin by reading the {attack.channel}"
    if attack.channel in ("ticket", "mail") and attack.agent != "back_office":
        yield "tickets and mails are read by the back office"


def _problems_of_checks(attack: Attack) -> Iterator[str]:
    for check in (*attack.forbidden, *attack.all_successes):
        if len(check) != 1:
            yield f"a check says one thing, not {sorted(check)}"
            continue
        kind, value = next(iter(check.items()))
        expected = bool if kind in FLAGS else int if kind in COUNTED else str
        if type(value) is not expected:
            yield f"{kind} takes {expected.__name__}"
        if kind == "unchanged" and value not in UNCHANGED:
            yield f"unchanged does not know {value}"
        if kind == "no_host" and str(value).rsplit(".", 1)[-1] not in RESERVED_ENDINGS:
            yield f"host {value} is not reserved"
        if kind == "tool_done" and value not in {call.tool for call in calls(attack.all_benign_steps)}:
            yield f"{value} is not among the harmless steps"
    lacking = [check["reply_lacks"] for check in attack.forbidden if "reply_lacks" in check]
    for said in (step.say for step in attack.all_benign_steps if isinstance(step, Say)):
        if any(str(words).casefold() in said.casefold() for words in lacking):
            yield f"the harmless reply is itself forbidden: {said}"


def calls(steps: tuple[Step, ...]) -> Iterator[Call]:
    """The tool calls among the steps."""
    return (step for step in steps if isinstance(step, Call))


def is_consequential(attack: Attack) -> bool:
    """Obeying it would change something, or tell what is not to be told."""
    for step in attack.all_obeys:
        if isinstance(step, Say):
            if SECRET.search(step.say) or OWN_IN_LINK.search(step.say):
                return True
        elif step.tool not in READING_ARGUMENTS or SECRET.search(json.dumps(step.arguments)):
            return True
    return False


def closed(literal: object) -> frozenset[str]:
    """The values of one of the closed sets above, such as `Goal`."""
    return frozenset(cast(tuple[str, ...], get_args(literal)))
