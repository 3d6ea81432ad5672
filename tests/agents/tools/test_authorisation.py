"""Every tool is tried by its customer, by another customer and by a guest, on records of the first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from bottega.agents.assistant.role import assistant_role
from bottega.agents.tools.change_tool import ChangeTool
from bottega.agents.tools.customer_tools import customer_tools
from bottega.kernel.identifiers import new_id
from bottega.runtime.context import RunContext
from bottega.runtime.presence import Presence
from bottega.runtime.run import Principal, Run
from bottega.runtime.sessions import Sessions
from bottega.runtime.tool import Answered, Refused, ToolCall, ToolOutcome
from bottega.shop.carts.actions import AddCartLine, CreateCart
from bottega.shop.customers.actions import insert_customer
from bottega.shop.customers.model import NewCustomer
from bottega.shop.flows.return_order import RequestReturn, ReturnedLine
from tests.agents.counter import shop_parts
from tests.shop.entries import entry
from tests.shop.wardrobe import ADDRESS, Wardrobe

Caller = Literal["owner", "stranger", "guest"]
CALLERS: tuple[Caller, ...] = ("owner", "stranger", "guest")
ALL: frozenset[Caller] = frozenset(CALLERS)
OWNER_ALONE: frozenset[Caller] = frozenset({"owner"})
ACCOUNTS: frozenset[Caller] = frozenset({"owner", "stranger"})


@dataclass(frozen=True)
class Belongings:
    """What is the owner's."""

    pending: str
    delivered: str
    pending_line: str
    delivered_line: str
    cart_line: str
    return_id: str
    return_number: str
    number: str
    address_id: str
    card: str
    product: str
    variant: str
    method: str


# Who gets an answer. Tools that name no record answer everybody from what is their own.
NOBODY: frozenset[Caller] = frozenset()

AUDIENCES: Mapping[str, frozenset[Caller]] = {
    "search_products": ALL,
    "get_product": ALL,
    "compare_products": ALL,
    "check_inventory": ALL,
    "read_reviews": ALL,
    "get_cart": ALL,
    "add_to_cart": ALL,
    "change_cart_line": OWNER_ALONE,
    "set_cart_contact": OWNER_ALONE,
    "choose_shipping": ALL,
    "apply_coupon": NOBODY,
    "remove_coupon": ALL,
    "create_order": OWNER_ALONE,
    "process_payment": NOBODY,
    "payment_page": OWNER_ALONE,
    "gift_card_balance": NOBODY,
    "get_order": OWNER_ALONE,
    "list_orders": ALL,
    "cancel_order": OWNER_ALONE,
    "amend_order": OWNER_ALONE,
    "create_return": OWNER_ALONE,
    "create_exchange": OWNER_ALONE,
    "cancel_return": OWNER_ALONE,
    "get_return": OWNER_ALONE,
    "request_sign_in_code": ALL,
    "enter_sign_in_code": NOBODY,
    "track_guest_order": NOBODY,
    "get_account": ACCOUNTS,
    "change_account_address": OWNER_ALONE,
    "find_policy": ALL,
    "escalate_support": OWNER_ALONE,
}

# Why nobody is answered, though it is theirs: the code of the refusal that its owner gets.
REFUSED_TO_ITS_OWNER = {
    "apply_coupon": "no_such_coupon",
    "process_payment": "nothing_due",
    "gift_card_balance": "no_such_gift_card",
    "enter_sign_in_code": "no_code_asked",
    "track_guest_order": "order_not_found",
}


def arguments_of(tool: str, of: Belongings) -> dict[str, Any]:
    """Arguments that name the owner's records."""
    address = ADDRESS.model_dump()
    line = {"line_id": of.delivered_line, "quantity": 1, "reason": "wrong size"}
    given: Mapping[str, dict[str, Any]] = {
        "search_products": {"query": "jacket"},
        "get_product": {"product_id": of.product},
        "compare_products": {"product_ids": [of.product, of.product]},
        "check_inventory": {"product_id": of.product},
        "read_reviews": {"product_id": of.product},
        "add_to_cart": {"variant_id": of.variant},
        "change_cart_line": {"line_id": of.cart_line, "quantity": 2},
        "set_cart_contact": {"address_id": of.address_id, "email": "ada@example.com"},
        "choose_shipping": {"shipping_method_id": of.method},
        "apply_coupon": {"code": "NONE"},
        "process_payment": {"order_id": of.pending, "method": "bank_transfer"},
        "payment_page": {"order_id": of.pending},
        "gift_card_balance": {"gift_card_code": "AAAA-BBBB"},
        "get_order": {"number": of.number},
        "cancel_order": {"order_id": of.pending, "reason": "no longer needed"},
        "amend_order": {"order_id": of.pending, "address": {**address, "line1": "Via Roma 2"}},
        "create_return": {"order_id": of.delivered, "lines": [line]},
        "create_exchange": {"order_id": of.delivered, "lines": [{**line, "new_variant_id": of.variant}]},
        "cancel_return": {"return_id": of.return_id},
        "get_return": {"number": of.return_number},
        "request_sign_in_code": {"email": "ada@example.com"},
        "enter_sign_in_code": {"code": "12345678"},
        "track_guest_order": {"number": of.number, "email": "ada@example.com"},
        "change_account_address": {"address_id": of.address_id, "address": {**address, "line1": "Via Roma 2"}},
        "find_policy": {"question": "How do I return something?"},
        "escalate_support": {"subject": "Help", "order_id": of.pending},
    }
    return given.get(tool, {})


async def belongings(wardrobe: Wardrobe) -> Belongings:
    """Orders, a return, a filled cart and an address of the wardrobe's customer."""
    pending = await wardrobe.bought(wardrobe.medium)
    delivered = await wardrobe.delivered(wardrobe.medium, wardrobe.boots, quantity=2)
    cart = await wardrobe.done(CreateCart(customer_id=wardrobe.customer.id))
    line = await wardrobe.done(AddCartLine(cart_id=cart["cart_id"], variant_id=wardrobe.medium))
    lines = await wardrobe.lines(delivered)
    sent_back = ReturnedLine(line_id=lines[1]["id"], quantity=1, reason="wrong size")
    made = await wardrobe.done(RequestReturn(order_id=delivered, lines=(sent_back,)))
    shop = wardrobe.shop
    return Belongings(
        pending=pending,
        delivered=delivered,
        pending_line=(await wardrobe.lines(pending))[0]["id"],
        delivered_line=lines[0]["id"],
        cart_line=line["line_id"],
        return_id=made["return_id"],
        return_number=made["number"],
        number=(await wardrobe.order(pending))["number"],
        address_id=await shop.fetchval("SELECT id FROM shop.addresses WHERE customer_id = $1", wardrobe.customer.id),
        card=wardrobe.card,
        product=await shop.fetchval("SELECT product_id FROM shop.variants WHERE id = $1", wardrobe.large),
        variant=wardrobe.large,
        method=wardrobe.method,
    )


async def caller_id(wardrobe: Wardrobe, caller: Caller) -> str:
    """The owner, another account, or somebody without one."""
    if caller == "owner":
        return wardrobe.customer.id
    if caller == "guest":
        return new_id("cus")
    async with entry(wardrobe.shop) as work:
        return (await insert_customer(work, NewCustomer(name="Eve Altri", email="eve@example.com"))).id


async def context_for(wardrobe: Wardrobe, customer_id: str) -> RunContext:
    """A run of a conversation with this customer."""
    performer = wardrobe.shop.application.performer
    now = performer.clock.now()
    principal = Principal("customer", customer_id, customer_id)
    role = assistant_role(shop_parts(wardrobe))
    session = await Sessions(wardrobe.shop.application.database, Presence("")).open("s1", role.name, principal, now)
    run = Run(new_id("run"), role.name, "running", principal, {"said": "please"}, now, session_id="s1", turn=1)
    return RunContext(run, role, performer, now, session=session, words=["please"])


async def tried(context: RunContext, name: str, arguments: Mapping[str, Any]) -> ToolOutcome | None:
    """The tool's outcome; of a consequential one what a yes would lead to, None when it would be done."""
    tool = context.role.tools_by_name[name]
    call = ToolCall("c1", name, arguments, new_id("key"), resolved=arguments)
    if isinstance(tool, ChangeTool) and tool.effect == "consequential":
        return await tool.try_out(call, context)
    return await tool.run(call, context)


def test_every_tool_has_an_audience(wardrobe: Wardrobe) -> None:
    names = {tool.name for tool in customer_tools(shop_parts(wardrobe))}
    assert names == set(AUDIENCES), "say who may use it"


@pytest.mark.parametrize("caller", CALLERS)
async def test_a_tool_answers_whom_it_should_and_nobody_else(wardrobe: Wardrobe, caller: Caller) -> None:
    theirs = await belongings(wardrobe)
    customer_id = await caller_id(wardrobe, caller)
    wrong: list[str] = []
    for name, audience in AUDIENCES.items():
        # Light tools change something; what is theirs may not be in the way of the next one.
        context = await context_for(wardrobe, customer_id)
        before = await records_of(wardrobe)
        outcome = await tried(context, name, arguments_of(name, theirs))
        answered = outcome is None or isinstance(outcome, Answered)
        if answered is not (caller in audience):
            wrong.append(f"{name}: {outcome}")
        if not answered and await records_of(wardrobe) != before:
            wrong.append(f"{name}: refused, and something has changed")
        if caller == "owner" and name in REFUSED_TO_ITS_OWNER:
            assert isinstance(outcome, Refused), f"{name}: {outcome}"
            assert outcome.code == REFUSED_TO_ITS_OWNER[name], f"{name}: {outcome}"
    assert not wrong, f"{caller}: " + "\n".join(wrong)


async def records_of(wardrobe: Wardrobe) -> Any:
    """Everything of the owner's, and how much there is of all."""
    return await wardrobe.shop.fetch(
        "SELECT (SELECT sum(hash_record_extended(o, 0)::numeric) FROM shop.orders o) AS orders, "
        "(SELECT sum(hash_record_extended(l, 0)::numeric) FROM shop.cart_lines l) AS lines, "
        "(SELECT sum(hash_record_extended(c, 0)::numeric) FROM shop.carts c) AS carts, "
        "(SELECT sum(hash_record_extended(r, 0)::numeric) FROM shop.returns r) AS returns, "
        "(SELECT sum(hash_record_extended(a, 0)::numeric) FROM shop.addresses a) AS addresses, "
        "(SELECT count(*) FROM shop.tickets) AS tickets, (SELECT count(*) FROM log.entries) AS entries"
    )


@pytest.mark.parametrize("caller", ["stranger", "guest"])
async def test_lists_show_what_is_ones_own(wardrobe: Wardrobe, caller: Caller) -> None:
    await belongings(wardrobe)
    context = await context_for(wardrobe, await caller_id(wardrobe, caller))
    for name, empty in (("list_orders", {"orders": []}), ("get_cart", None)):
        outcome = await tried(context, name, {})
        assert isinstance(outcome, Answered)
        assert outcome.value == empty or outcome.value["lines"] == []
    newest = await tried(context, "get_order", {})
    assert isinstance(newest, Refused)
    assert newest.code == "no_orders"
