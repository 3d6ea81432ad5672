"""Every SKU, product, document, section, login and order that the conversations name is in the demo shop."""

import re
from collections.abc import Iterator
from typing import Any

from bottega.demo_shop import content
from tests.conversations.checking import TITLES, load_conversations
from tests.conversations.form import Conversation, OrderStep, ReturnStep, SignInStep

CONVERSATIONS = load_conversations()
PRODUCTS = [line for file in content.product_files() for line in content.read_lines(f"products/{file.name}")]
CUSTOMERS = {one["email"]: one for one in content.read("customers.json")["customers"]}
ORDERS = content.read("orders.json")["orders"]
ORDER_NUMBER = re.compile(r"B-(\d{5})")


def named(value: Any, key: str) -> Iterator[Any]:
    """Everything that stands under a key, however deep; lists are opened."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield from inner if isinstance(inner, list | tuple) else [inner]
            yield from named(inner, key)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from named(inner, key)


def all_named(*keys: str) -> set[Any]:
    dumped = [conversation.model_dump() for conversation in CONVERSATIONS]
    return {found for key in keys for found in named(dumped, key) if found is not None}


def test_there_are_sixty() -> None:
    assert len(CONVERSATIONS) == 60
    assert {len(conversation.turns) for conversation in CONVERSATIONS} >= {3, 12}


def test_skus_exist() -> None:
    skus = {variant["sku"] for product in PRODUCTS for variant in product["variants"]}
    assert all_named("sku", "new_sku") - skus == set()


def test_products_exist() -> None:
    handles = {product["handle"] for product in PRODUCTS}
    cards = [card for card in named([one.model_dump() for one in CONVERSATIONS], "cards") if isinstance(card, dict)]
    assert {
        handle for card in cards for key in ("handle", "contains", "lacks") for handle in named(card, key)
    } <= handles
    assert all_named("brand") - {product["brand"] for product in PRODUCTS} - {"visa", "mastercard"} == set()
    assert all_named("category") <= {category["path"] for category in content.read("categories.json")}


def test_attributes_are_told_apart_by_some_product() -> None:
    for attributes in named([one.model_dump() for one in CONVERSATIONS], "attributes"):
        for name, value in attributes.items():
            assert value in {product["attributes"].get(name) for product in PRODUCTS if name in product["attributes"]}


def test_documents_and_sections_exist() -> None:
    for conversation in CONVERSATIONS:
        for turn in conversation.turns:
            for cited in turn.expect.cites or ():
                text = (content.folder() / "documents" / f"{cited.document}.md").read_text(encoding="utf-8")
                headings = {line.lstrip("# ") for line in text.splitlines() if line.startswith("#")}
                assert set(cited.sections) <= headings, (conversation.id, cited)
                assert next(iter(re.findall(r"^# (.*)$", text, re.MULTILINE))).lower() == TITLES[cited.document]


def test_whoever_signs_in_has_an_account() -> None:
    for conversation in CONVERSATIONS:
        steps = [*conversation.setup, *(turn.meanwhile for turn in conversation.turns if turn.meanwhile)]
        signing_in = [step.customer for step in steps if isinstance(step, SignInStep)]
        for email in [conversation.customer, *signing_in]:
            assert email is None or CUSTOMERS[email]["kind"] == "account", (conversation.id, email)


def test_orders_are_those_of_the_customer() -> None:
    for conversation in CONVERSATIONS:
        ends = conversation.end
        theirs = [*ends.orders, *(one.order for one in ends.returns or ()), *(turned(conversation))]
        for number in (int(found[1]) for name in theirs if (found := ORDER_NUMBER.search(name))):
            order = ORDERS[number - 10001]
            assert order["reference"] == f"demo-{number - 10000:03d}"
            assert order["customer"] == conversation.customer, (conversation.id, number)


def turned(conversation: Conversation) -> Iterator[str]:
    """Orders that the preparing steps name."""
    yield from (step.order for step in conversation.setup if isinstance(step, ReturnStep))
    if conversation.end.tickets is not None and conversation.end.tickets.order is not None:
        yield conversation.end.tickets.order


def test_prepared_orders_go_where_the_customer_lives() -> None:
    methods = {method["code"] for method in content.read("shipping.json")["methods"]}
    names = {method["name"] for method in content.read("shipping.json")["methods"]}
    for conversation in CONVERSATIONS:
        for step in conversation.setup:
            if isinstance(step, OrderStep):
                customer = CUSTOMERS[step.customer or conversation.customer or ""]
                assert step.address in {address["label"] for address in customer["addresses"]}
                assert step.shipping in methods
                assert (step.delivered_days_ago is not None) == (step.state == "delivered")
        assert {one.shipping for one in conversation.end.placed or () if one.shipping} <= names


def test_reasons_are_the_shops() -> None:
    known = set(content.read("settings.json")["returns"]["reasons"])
    given = {reason for one in CONVERSATIONS for back in one.end.returns or () for reason in back.reason}
    prepared = {step.reason for one in CONVERSATIONS for step in one.setup if isinstance(step, ReturnStep)}
    assert given | prepared <= known
