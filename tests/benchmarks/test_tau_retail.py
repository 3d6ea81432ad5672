"""The stories of another shop: a handful of the real ones where the data is, and small ones of our own everywhere."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks.tau_form import first_difference
from benchmarks.tau_retail import Story, read_stories, run
from bottega.platform.database import embedded
from tests.shop.flows.shop_files.two_orders import ADDRESS, PRICES, small_shop

DATA = Path(os.environ.get("BOTTEGA_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "tau-retail"
# Of each kind of call one: cancel and return, items of several lines, address, exchange, a gift card that is too small.
HANDFUL = ("16", "20", "41", "98", "105")

NEW_ADDRESS = {**ADDRESS, "address1": "2 Oak St"}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def story(name: str, *calls: dict[str, Any], refused: tuple[int, ...] = (), **changed: Any) -> Story:
    return Story(name, calls, changed, frozenset(refused))


def entry(kind: str, amount: float, method: str) -> dict[str, Any]:
    return {"transaction_type": kind, "amount": amount, "payment_method_id": method}


def changed_order(number: str, **changes: Any) -> dict[str, Any]:
    return {number: {**small_shop()["orders"][number], **changes}}


def ann(balance: float) -> dict[str, Any]:
    user = small_shop()["users"]["ann_1"]
    user["payment_methods"]["gift_card_1"]["balance"] = balance
    return {"ann_1": user}


def swapped() -> list[dict[str, Any]]:
    items = small_shop()["orders"]["#W1"]["items"]
    items[1] |= {"item_id": "lamp-b", "price": PRICES["lamp-b"], "options": {"color": "black"}}
    items[0] |= {"item_id": "lamp-b", "price": PRICES["lamp-b"], "options": {"color": "black"}}
    return items


def own_stories() -> list[Story]:
    """Every call once, what must be refused, and the fault of changing the payment and then cancelling."""
    cancel = call("cancel_pending_order", order_id="#W1", reason="ordered by mistake")
    to_gift_card = call("modify_pending_order_payment", order_id="#W1", payment_method_id="gift_card_1")
    lamps = {"item_ids": ["lamp-w", "lamp-w"], "new_item_ids": ["lamp-b", "lamp-b"]}
    change = call("modify_pending_order_items", order_id="#W1", payment_method_id="gift_card_1", **lamps)
    back = call("return_delivered_order_items", order_id="#W2", item_ids=["lamp-w"], payment_method_id="gift_card_1")
    paid = small_shop()["orders"]["#W1"]["payment_history"]
    cancelled = changed_order(
        "#W1",
        status="cancelled",
        cancel_reason="ordered by mistake",
        payment_history=[*paid, entry("refund", 349.98, "credit_card_1")],
    )
    lamp_swap = changed_order(
        "#W1",
        items=swapped(),
        status="pending (item modified)",
        payment_history=[*paid, entry("payment", 9.02, "gift_card_1")],
    )
    returned = changed_order(
        "#W2", status="return requested", return_items=["lamp-w"], return_payment_method_id="gift_card_1"
    )
    exchanged = changed_order(
        "#W2",
        status="exchange requested",
        exchange_items=["lamp-w"],
        exchange_new_items=["lamp-b"],
        exchange_payment_method_id="credit_card_1",
        exchange_price_difference=4.51,
    )
    swap = call(
        "exchange_delivered_order_items",
        order_id="#W2",
        item_ids=["lamp-w"],
        new_item_ids=["lamp-b"],
        payment_method_id="credit_card_1",
    )
    return [
        story("cancel", cancel, orders=cancelled),
        story("reason", call("cancel_pending_order", order_id="#W1", reason="too dear"), refused=(0,)),
        story("small card", to_gift_card, cancel, refused=(0,), orders=cancelled),
        story("items", change, change, cancel, to_gift_card, refused=(1, 2, 3), orders=lamp_swap, users=ann(40.98)),
        story("return", back, swap, refused=(1,), orders=returned),
        story("exchange", swap, back, refused=(1,), orders=exchanged),
        story(
            "address",
            call("modify_pending_order_address", order_id="#W1", **NEW_ADDRESS),
            orders=changed_order("#W1", address=NEW_ADDRESS),
        ),
        story(
            "user",
            call("modify_user_address", user_id="bob_2", **NEW_ADDRESS),
            users={"bob_2": {**small_shop()["users"]["bob_2"], "address": NEW_ADDRESS}},
        ),
        story("shipped", call("cancel_pending_order", order_id="#W3", reason="no longer needed"), refused=(0,)),
    ]


async def told(server: embedded.Server, directory: Path, db: Path, stories: list[Story]) -> tuple[int, str]:
    with (directory / "printed.txt").open("w", encoding="utf-8") as file:
        failed = await run(server.dsn, directory, db, stories, Console(file=file, width=200))
    return failed, (directory / "printed.txt").read_text(encoding="utf-8")


async def test_stories_of_our_own(database_server: embedded.Server, tmp_path: Path) -> None:
    db = tmp_path / "db.json"
    db.write_text(json.dumps(small_shop()), encoding="utf-8")
    stories = own_stories()
    failed, printed = await told(database_server, tmp_path, db, stories)
    assert (failed, printed.splitlines()[-1]) == (0, f"{len(stories)} of {len(stories)} stories"), printed


async def test_a_story_that_expects_something_else_fails_and_says_what(
    database_server: embedded.Server, tmp_path: Path
) -> None:
    db = tmp_path / "db.json"
    db.write_text(json.dumps(small_shop()), encoding="utf-8")
    moved = call("modify_pending_order_address", order_id="#W1", **NEW_ADDRESS)
    stories = [story("nothing", moved), story("refused", moved, refused=(0,)), story("quiet")]
    failed, printed = await told(database_server, tmp_path, db, stories)
    assert failed == 2
    assert printed.splitlines() == [
        'story nothing: orders.#W1.address.address1: "2 Oak St" instead of "1 Elm St"',
        "story refused: call 0 modify_pending_order_address: done, and must be refused",
        "1 of 3 stories",
    ]


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the tau-retail data is not at {DATA}; set BOTTEGA_TEST_DATA")
async def test_a_handful_of_the_real_stories(database_server: embedded.Server, tmp_path: Path) -> None:
    stories = [found for found in read_stories(DATA / "tasks-open.json") if found.id in HANDFUL]
    assert len(stories) == len(HANDFUL)
    failed, printed = await told(database_server, tmp_path, DATA / "db.json.gz", stories)
    assert (failed, printed.splitlines()[-1]) == (0, f"{len(HANDFUL)} of {len(HANDFUL)} stories"), printed


def test_the_first_difference_is_named_by_its_path() -> None:
    ours: dict[str, dict[str, Any]] = {"orders": {"#1": {"items": [1, 2]}}, "users": {}}
    theirs: dict[str, dict[str, Any]] = {"orders": {"#1": {"items": [1, 3]}}, "users": {}}
    assert first_difference(ours, theirs) == "orders.#1.items[1]: 2 instead of 3"
    assert first_difference(ours, ours) is None
    extra = {**ours, "users": {"x": {}}}
    assert first_difference(extra, ours) == "users.x: {} instead of null"
