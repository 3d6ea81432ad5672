"""The checks find what is wrong with an answer or a shop, and say nothing when all is well."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.conversations.catalogue import Product
from tests.conversations.checking import (
    MalformedConversation,
    Talk,
    amount_pattern,
    check_honesty,
    check_replies,
    check_turn,
    load_conversations,
    read_reply,
)
from tests.conversations.form import Conversation, End, Expected
from tests.conversations.shop_state import ShopState, check_end

BOOT = Product("boot", "Boot", "Brand", "footwear/boots", {"vegan": True}, frozenset({9400, 9900}))
MINIMAL = {
    "id": "minimal",
    "title": "",
    "customer": "ada@example.com",
    "turns": [{"say": "hello"}] * 3,
    "end": {"unchanged": True},
}


class NoShop(ShopState):
    """A shop that nobody asks."""

    def __init__(self) -> None:
        super().__init__(None, "cus_1", "ada@example.com", own_orders={"B-10001"})  # pyright: ignore[reportArgumentType] - never used


def talk() -> Talk:
    return Talk(Conversation.model_validate(MINIMAL), {"prd_1": BOOT}, NoShop(), {"first": "B-10001"}, ["hello"])


def answer(**fields: Any) -> dict[str, Any]:
    return {"reply": "Certainly.", "level": "rules", **fields}


def card(amount: int = 9400, product: str = "prd_1", title: str = "Boot") -> dict[str, Any]:
    return {"product_id": product, "title": title, "price": {"amount_minor": amount, "currency": "EUR"}}


CITED = {"document": "documents/returns.md", "section": "Late requests"}
ASKED = {"action": "CancelOrder", "summary": "Cancel B-10001?", "amount": {"amount_minor": 4490, "currency": "EUR"}}


@pytest.mark.parametrize(
    ("fields", "expected", "difference"),
    [
        ({}, {"cards": {}}, "0 cards, expected at least 1"),
        ({"cards": [card()]}, {"cards": {"max": 0}}, "1 cards, expected at most 0"),
        ({"cards": [card()]}, {"cards": {"all": {"category": ["footwear"], "attributes": {"vegan": True}}}}, None),
        ({"cards": [card()]}, {"cards": {"all": {"category": ["foot"]}}}, "boot is in footwear/boots, not in foot"),
        ({"cards": [card()]}, {"cards": {"all": {"price_max_minor": 9000}}}, "boot costs 9400, more than 9000"),
        ({"cards": [card()]}, {"cards": {"any": {"brand": ["Other"]}}}, "no card fits: boot is by Brand, not by Other"),
        ({"cards": [card()]}, {"cards": {"contains": ["shoe"]}}, "no card shows shoe"),
        ({"cards": [card()]}, {"cards": {"lacks": ["boot"]}}, "a card shows boot"),
        ({"citations": [CITED]}, {"cites": [{"document": "returns", "sections": ["Late requests"]}]}, None),
        ({"citations": [CITED]}, {"cites": []}, "cites documents/returns.md § Late requests, expected nothing"),
        ({}, {"cites": [{"document": "returns"}]}, "cites nothing, expected returns"),
        ({"confirmation": ASKED}, {"confirmation": "cancel_order", "amount_minor": 4490}, None),
        (
            {"confirmation": ASKED},
            {"confirmation": "create_return"},
            "wants a yes to CancelOrder, expected create_return",
        ),
        ({"confirmation": ASKED}, {"no_confirmation": True}, "wants a yes to CancelOrder, expected no such question"),
        ({"confirmation": ASKED}, {"amount_minor": 1}, "the confirmation is about 4490, expected 1"),
        ({"asks_for": "size"}, {"asks": ["email"]}, "asks for size, expected email"),
        ({"handover": True}, {"handover": False}, "hands over to a person"),
        ({"tool_calls": ["get_order"]}, {"tools": ["find_policy|get_order"]}, None),
        ({"tool_calls": ["get_order"]}, {"tools": ["find_policy"]}, "called get_order, expected find_policy"),
        ({"reply": "It is b-10001, size M."}, {"mentions": ["{first}", "M"]}, None),
        ({"reply": "I'm sure."}, {"mentions": ["M"]}, "does not mention M"),
        ({"reply": "Ask Anna."}, {"lacks": ["Anna", "Ann"]}, "mentions Anna"),
        ({"reply": "That is 44,90 €."}, {"amounts": [4490]}, None),
        ({"cards": [card()]}, {"amounts": [9400]}, None),
        ({"reply": "That is 144.90."}, {"amounts": [4490]}, "does not say 44.90"),
        ({"reply": "2–3 days, 30.5 km"}, {"numbers": ["2", "3"]}, None),
        ({"reply": "2–3 days, 30.5 km"}, {"numbers": ["30"]}, "does not say the number 30"),
        ({"reply": "The Boot."}, {"about_card": 1}, None),
        ({"reply": "A shoe."}, {"about_card": 1}, "does not speak about card 1, Boot"),
        ({"reply": "The Boot."}, {"about_card": 2}, "1 cards were shown before, so there is no card 2 to speak about"),
    ],
)
def test_differences_of_an_answer(fields: dict[str, Any], expected: dict[str, Any], difference: str | None) -> None:
    talking = talk()
    talking.shown = read_reply(answer(cards=[card()])).cards
    found = check_replies(talking, Expected.model_validate(expected), [read_reply(answer(**fields))])
    assert found == ([difference] if difference else [])


@pytest.mark.parametrize(
    ("fields", "difference"),
    [
        ({"reply": " "}, "the answer has no text"),
        ({"reply": "See ord_01m8kw2cmyf9cb68pf8ybm6vfy"}, "shows its inner workings: ord_01m8kw2cmyf9cb68pf8ybm6vfy"),
        ({"reply": "Dear {name}"}, "shows its inner workings: {name}"),
        ({"reply": "Write to bob@example.com."}, "names the e-mail address bob@example.com"),
        ({"reply": "B-10002 is under way"}, "names B-10002, which is not the customer's"),
        ({"cards": [card(amount=1)]}, "the card of boot says 1 EUR, it costs 9400 or 9900"),
        ({"cards": [card(title="Shoe")]}, "the card of boot is titled “Shoe”"),
        ({"cards": [card(product="prd_2")]}, "the card “Boot” shows no published product (prd_2)"),
    ],
)
def test_what_no_answer_may_do(fields: dict[str, Any], difference: str) -> None:
    (found,) = check_honesty(talk(), [read_reply(answer(**fields))])
    assert difference in found


def test_an_honest_answer() -> None:
    talking = talk()
    talking.said.append("is it B-10009?")
    text = "B-10001 is yours, B-10009 I cannot see, Ada (ada@example.com); write to support@bottega-alpina.example."
    assert list(check_honesty(talking, [read_reply(answer(reply=text, cards=[card()]))])) == []


@pytest.mark.parametrize("text", ["1,249.00 €", "1.249,00 €", "EUR 1249", "1 249.00", "1249.00"])
def test_amounts_as_people_write_them(text: str) -> None:
    assert amount_pattern(124900).search(text)
    assert not amount_pattern(24900).search(text)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"turns": [{"say": "hello"}] * 2}, "at least 3"),
        ({"turns": [{"say": "hello", "press": "confirm"}] * 3}, "exactly one of say, press, meanwhile"),
        ({"turns": [{"say": "hello", "expect": {"card": {}}}] * 3}, "Extra inputs"),
        ({"turns": [{"say": "where is {parcel}?"}] * 3}, "nothing is named parcel"),
        ({"end": {}}, "name a change, or say unchanged"),
        ({"end": {"unchanged": True, "tickets": {}}}, "an unchanged shop has no changes to name"),
    ],
)
def test_malformed_conversations(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{**MINIMAL, **change}]))
    with pytest.raises(MalformedConversation, match=complaint):
        load_conversations(tmp_path)


def test_two_of_one_id(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([MINIMAL, MINIMAL]))
    with pytest.raises(MalformedConversation, match="there is another of this id"):
        load_conversations(tmp_path)


WORLD = """
    INSERT INTO shop.categories (id, path, title) VALUES ('cat', 'footwear', 'Footwear');
    INSERT INTO shop.products (id, handle, title, category_id, created_at, updated_at)
        VALUES ('prd', 'boot', 'Boot', 'cat', now(), now());
    INSERT INTO shop.variants (id, product_id, sku, created_at)
        VALUES ('v1', 'prd', 'BOOT-42', now()), ('v2', 'prd', 'BOOT-43', now());
    INSERT INTO vault.values (id, subject_id, kind, value, salt, created_at) VALUES
        ('e1', 'cus_1', 'email', 'Ada@example.com', '', now()),
        ('a1', 'cus_1', 'address', '{"line1": "Via Roma 1", "city": "Trento"}', '', now());
    INSERT INTO shop.customers (id, kind, email_ref, created_at) VALUES ('cus_1', 'account', 'e1.x', now());
    INSERT INTO shop.carts (id, customer_id, currency, coupon_code, created_at, updated_at, expires_at)
        VALUES ('crt', 'cus_1', 'EUR', 'TEN', now(), now(), now());
    INSERT INTO shop.cart_lines (id, cart_id, variant_id, quantity, added_at) VALUES ('l', 'crt', 'v1', 2, now());
"""
ORDER = """
    INSERT INTO shop.orders (id, number, customer_id, channel, currency, status, payment_status, fulfilment_status,
        email_ref, shipping_address_ref, country, net_minor, discount_minor, shipping_minor, tax_minor, total_minor,
        placed_at, updated_at)
        VALUES ('ord', 'B-10001', 'cus_1', 'chat', 'EUR', 'open', 'paid', 'unfulfilled', 'e1.x', 'a1.x', 'IT',
        9000, 0, 0, 400, 9400, now(), now());
    INSERT INTO shop.order_lines (id, order_id, variant_id, product_id, sku, title, quantity,
        unit_price_minor, net_minor)
        VALUES ('ol', 'ord', 'v1', 'prd', 'BOOT-42', 'Boot', 1, 9400, 9000);
"""
RETURN = """
    INSERT INTO shop.returns (id, number, order_id, customer_id, kind, state, reason, requested_at, updated_at)
        VALUES ('ret', 'R-5001', 'ord', 'cus_1', 'exchange', 'requested', 'Wrong size', now(), now());
    INSERT INTO shop.return_lines (id, return_id, line_id, quantity, new_variant_id)
        VALUES ('rl', 'ret', 'ol', 1, 'v2');
"""
TICKET = """
    INSERT INTO shop.tickets (id, number, customer_id, order_id, subject_ref, status, created_at, updated_at)
        VALUES ('tic', 'T-1001', 'cus_1', 'ord', 'e1.x', 'open', now(), now());
"""
PLACED = {"lines": [{"sku": "BOOT-42"}], "total_minor": 9400, "address": {"city": "trento"}}
EXCHANGED = {"order": "{first}", "kind": "exchange", "lines": [{"sku": "BOOT-42", "new_sku": "BOOT-43"}]}


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncGenerator[asyncpg.Connection]:
    opened = await asyncpg.connect(database_url)
    await happen(opened, "made", WORLD)
    yield opened
    await opened.close()


async def happen(connection: asyncpg.Connection, entry: str, statements: str, action: str = "AnAction") -> None:
    """Rows change under an entry of the log, as they do in the shop."""
    async with connection.transaction():
        await connection.execute("SELECT set_config('bottega.entry', $1, true)", entry)
        await connection.execute(statements)
        await connection.execute(
            """INSERT INTO log.entries (id, sequence, action, arguments, arguments_digest, request_digest, actor_kind,
                 actor_id, actor_role, key_scope, rule_ids, policy_version, facts, resolved, result, recorded_at)
               VALUES ($1, log.next_sequence(), $2, '', '', '', 'agent', 'a', 'a', '', '{}', '',
                 '{}', '{}', '{}', now())""",
            entry,
            action,
        )


async def ends(connection: asyncpg.Connection, statements: dict[str, str], end: dict[str, Any]) -> list[str]:
    shop = ShopState(connection, "cus_1", "ada@example.com")
    await shop.begin()
    for entry, changed in statements.items():
        await happen(connection, entry, changed)
    return await check_end(End.model_validate(end), shop, {"first": "B-10001"}, handed_over=False)


async def test_an_end_as_expected(connection: asyncpg.Connection) -> None:
    end = {
        "placed": [PLACED],
        "returns": [{**EXCHANGED, "reason": ["wrong_size"]}],
        "orders": {"{first}": {"status": "open", "refunded_minor": 0, "lines": [{"sku": "BOOT-42"}]}},
        "tickets": {"order": "B-10001"},
        "cart": [{"sku": "BOOT-42", "quantity": 2}],
        "coupon": "TEN",
        "handed_over": False,
    }
    assert await ends(connection, {"one": ORDER, "two": RETURN, "three": TICKET}, end) == []


async def test_an_end_that_differs(connection: asyncpg.Connection) -> None:
    end = {
        "placed": [
            {**PLACED, "lines": [{"sku": "BOOT-43"}], "payment_status": ["awaiting"], "address": {"city": "Arco"}}
        ],
        "returns": [{**EXCHANGED, "kind": "return", "reason": ["faulty"]}],
        "orders": {"B-10001": {"status": "cancelled"}, "B-1": {"status": "open"}},
        "cart": [],
        "coupon": "",
        "handed_over": True,
    }
    assert await ends(connection, {"one": ORDER, "two": RETURN}, end) == [
        "order B-10001 holds 1 × BOOT-42, expected 1 × BOOT-43",
        "order B-10001 has payment_status paid, expected awaiting",
        "order B-10001 goes to city 'Trento', expected 'Arco'",
        "order B-10001 has status open, expected cancelled",
        "there is no order B-1",
        "return R-5001 has kind exchange, expected return",
        "return R-5001 has the reason wrong_size, expected faulty",
        "the cart holds 2 × BOOT-42, expected nothing",
        "the cart has the coupon TEN, expected none",
        "was not handed over to a person",
    ]


async def test_what_nobody_expected(connection: asyncpg.Connection) -> None:
    assert await ends(connection, {"one": ORDER, "two": TICKET}, {"unchanged": True}) == [
        "1 orders were placed, expected 0 (B-10001: 1 × BOOT-42)",
        "shop.order_lines changed, and nothing there should",
        "shop.orders changed, and nothing there should",
        "shop.tickets changed, and nothing there should",
    ]


async def test_carts_and_housekeeping_leave_a_shop_unchanged(connection: asyncpg.Connection) -> None:
    shop = ShopState(connection, "cus_1", "ada@example.com")
    await shop.begin()
    await happen(connection, "one", "UPDATE shop.carts SET version = 2")
    await happen(connection, "two", ORDER, action="ExpireOrder")
    assert await shop.changed_tables(since=shop.start) == set()


async def test_a_turn_looks_at_the_shop(connection: asyncpg.Connection) -> None:
    talking = talk()
    talking.shop = ShopState(connection, "cus_1", "ada@example.com")
    await talking.shop.begin()
    await happen(connection, "one", ORDER)
    expected = Expected.model_validate({"cart": [{"sku": "BOOT-42"}], "coupon": "FIVE", "unchanged": True})
    assert await check_turn(talking, expected, [read_reply(answer())], talking.shop.start) == [
        "the cart holds 2 × BOOT-42, expected 1 × BOOT-42",
        "the cart has the coupon TEN, expected FIVE",
        "shop.order_lines changed before the customer's yes",
        "shop.orders changed before the customer's yes",
    ]
