"""Carts, stock, orders, payments and returns against a model of plain dictionaries, along walks that Hypothesis draws.

`BOTTEGA_TEST_EXAMPLES` and `BOTTEGA_TEST_STEPS` make more and longer walks than the few of every run.
"""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from bottega.bootstrap.background import catch_up
from bottega.bootstrap.invariants import check_invariants
from bottega.proof.contention import Crowd
from bottega.proof.stand import CONTACT, PRICES_MINOR, Stand, set_up
from bottega.shop.stock.actions import ReceiptLine, ReceiveStock
from tests.shop_fixtures import Shop, open_shop

EXAMPLES = int(os.environ.get("BOTTEGA_TEST_EXAMPLES", "4"))
STEPS = int(os.environ.get("BOTTEGA_TEST_STEPS", "14"))
SHIPPING_MINOR = 490
VARIANTS = st.integers(0, 1)


@dataclass
class OrderModel:
    """What an order has to be."""

    token: str
    lines: dict[int, int]
    total_minor: int
    status: str = "open"
    captured_minor: int = 0
    refunded_minor: int = 0
    fulfilment: str = "unfulfilled"
    shipment_id: str = ""
    returned: dict[int, int] = field(default_factory=dict[int, int])

    @property
    def is_paid(self) -> bool:
        return self.captured_minor >= self.total_minor


@dataclass
class Opened:
    """The shop of all walks, and the loop it lives in."""

    runner: "asyncio.Runner"
    shop: Shop
    stand: Stand


CARTS = Bundle("carts")
ORDERS = Bundle("orders")


class CartWalk(RuleBasedStateMachine):
    """Shelves and carts beside their model."""

    opened: ClassVar[Opened]

    def __init__(self) -> None:
        super().__init__()
        self.shop, self.stand = self.opened.shop, self.opened.stand
        self.crowd = Crowd(self.shop.application, self.stand, self.shop.client, 1)
        self.cart_lines: dict[str, dict[int, int]] = {}
        self.tokens: dict[str, str] = {}
        self.order_models: dict[str, OrderModel] = {}
        self.on_hand: dict[int, int] = {}
        self.reserved: dict[int, int] = {}

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.opened.runner.run(work)

    def ask(self, method: str, path: str, body: Any, token: str, status: int) -> Any:
        answer = self.run(self.crowd.ask(method, path, body, token))
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    @initialize()
    def begin(self) -> None:
        """Every walk begins with what the walks before have left on the shelves."""
        for variant, level in self.levels().items():
            self.on_hand[variant], self.reserved[variant] = level

    def levels(self) -> dict[int, tuple[int, int]]:
        rows = self.run(self.shop.fetch("SELECT variant_id, on_hand, reserved FROM shop.stock_levels"))
        places = {variant_id: place for place, variant_id in enumerate(self.stand.variant_ids[:2])}
        return {
            places[row["variant_id"]]: (row["on_hand"], row["reserved"]) for row in rows if row["variant_id"] in places
        }

    @rule(variant=VARIANTS, units=st.integers(1, 4))
    def receive(self, variant: int, units: int) -> None:
        line = ReceiptLine(variant_id=self.stand.variant_ids[variant], quantity=units)
        self.run(self.shop.done(ReceiveStock(location_id=self.stand.location_id, lines=(line,))))
        self.on_hand[variant] += units

    @rule(target=CARTS)
    def open_cart(self) -> str:
        token = self.crowd.guest()
        cart = f"/api/carts/{self.ask('POST', '/api/carts', {}, token, 201)['cart_id']}"
        self.ask("PUT", f"{cart}/contact", CONTACT, token, 200)
        self.ask("PUT", f"{cart}/shipping", {"shipping_method_id": self.stand.method_id}, token, 200)
        self.cart_lines[cart], self.tokens[cart] = {}, token
        return cart

    @rule(cart=CARTS, variant=VARIANTS, quantity=st.integers(1, 3))
    def add_line(self, cart: str, variant: int, quantity: int) -> None:
        body = {"variant_id": self.stand.variant_ids[variant], "quantity": quantity}
        self.ask("POST", f"{cart}/lines", body, self.tokens[cart], 201)
        lines = self.cart_lines[cart]
        lines[variant] = lines.get(variant, 0) + quantity

    @rule(cart=CARTS)
    def cart_reads_as_filled(self, cart: str) -> None:
        shown = self.ask("GET", cart, None, self.tokens[cart], 200)
        places = {variant_id: place for place, variant_id in enumerate(self.stand.variant_ids)}
        assert {places[line["variant_id"]]: line["quantity"] for line in shown["lines"]} == self.cart_lines[cart]


class OrderWalk(CartWalk):
    """Orders from placing to cancelling."""

    @rule(target=ORDERS, cart=consumes(CARTS))
    def place(self, cart: str) -> Any:
        lines, token = self.cart_lines[cart], self.tokens[cart]
        enough = all(self.on_hand[variant] - self.reserved[variant] >= units for variant, units in lines.items())
        if not lines or not enough:
            refused = self.ask("POST", f"{cart}/order", {}, token, 409)
            assert refused["code"] == ("out_of_stock" if lines else refused["code"])
            return multiple()
        placed = self.ask("POST", f"{cart}/order", {}, token, 201)
        total = sum(PRICES_MINOR[variant] * units for variant, units in lines.items()) + SHIPPING_MINOR
        assert placed["total_minor"] == total
        for variant, units in lines.items():
            self.reserved[variant] += units
        self.order_models[placed["order_id"]] = OrderModel(token, dict(lines), total)
        return placed["order_id"]

    @rule(order_id=ORDERS, card=st.sampled_from(("success", "declined")))
    def pay(self, order_id: str, card: str) -> None:
        order = self.order_models[order_id]
        body = {"method": "card", "token": f"sandbox_card_{card}"}
        if order.status != "open" or order.is_paid:
            self.ask("POST", f"/api/orders/{order_id}/payments", body, order.token, 409)
            return
        paid = self.ask("POST", f"/api/orders/{order_id}/payments", body, order.token, 201)
        assert paid["status"] == ("captured" if card == "success" else "declined")
        order.captured_minor += order.total_minor if card == "success" else 0

    @rule(order_id=ORDERS)
    def ship(self, order_id: str) -> None:
        order, path = self.order_models[order_id], f"/api/orders/{order_id}/shipments"
        token = self.stand.staff_tokens["warehouse"]
        if order.status != "open" or not order.is_paid or order.fulfilment != "unfulfilled":
            self.ask("POST", path, {}, token, 409)
            return
        order.shipment_id = self.ask("POST", path, {}, token, 201)["shipment_id"]
        order.fulfilment = "shipped"
        for variant, units in order.lines.items():
            self.on_hand[variant] -= units
            self.reserved[variant] -= units

    @rule(order_id=ORDERS)
    def deliver(self, order_id: str) -> None:
        order = self.order_models[order_id]
        if order.fulfilment == "shipped":
            token = self.stand.staff_tokens["warehouse"]
            self.ask("POST", f"/api/shipments/{order.shipment_id}/delivery", None, token, 200)
            order.fulfilment, order.status = "delivered", "completed"

    @rule(order_id=ORDERS)
    def cancel(self, order_id: str) -> None:
        order, path = self.order_models[order_id], f"/api/orders/{order_id}/cancellation"
        body = {"reason": "no longer needed"}
        if order.fulfilment != "unfulfilled":
            answer = self.run(self.crowd.ask("POST", path, body, order.token))
            assert answer.status_code in (403, 409), answer.text
            return
        if order.status != "open":
            self.ask("POST", path, body, order.token, 409)
            return
        self.ask("POST", path, body, order.token, 200)
        order.status, order.refunded_minor = "cancelled", order.captured_minor
        for variant, units in order.lines.items():
            self.reserved[variant] -= units


class ShopMachine(OrderWalk):
    """Money and goods that go back, and what has to hold after every step."""

    @rule(order_id=ORDERS, amount=st.integers(1, 9000))
    def refund(self, order_id: str, amount: int) -> None:
        order, body = self.order_models[order_id], {"amount_minor": amount, "reason": "late"}
        answer = self.run(
            self.crowd.ask("POST", f"/api/orders/{order_id}/refunds", body, self.stand.staff_tokens["owner"])
        )
        if amount <= order.captured_minor - order.refunded_minor:
            assert answer.status_code == 201, answer.text
            order.refunded_minor += amount
        else:
            assert answer.status_code in (403, 409), answer.text

    @rule(order_id=ORDERS, as_new=st.booleans())
    def send_back_one_unit(self, order_id: str, as_new: bool) -> None:
        order, owner = self.order_models[order_id], self.stand.staff_tokens["owner"]
        if order.fulfilment != "delivered":
            return
        variant = min(order.lines)
        if order.returned.get(variant, 0) >= order.lines[variant]:
            return
        shown = self.ask("GET", f"/api/orders/{order_id}", None, order.token, 200)
        line = next(one for one in shown["lines"] if one["variant_id"] == self.stand.variant_ids[variant])
        asked = {"lines": [{"line_id": line["id"], "quantity": 1, "reason": "other"}]}
        made = self.ask("POST", f"/api/orders/{order_id}/returns", asked, owner, 201)
        path = f"/api/returns/{made['return_id']}"
        self.ask("POST", f"{path}/approval", None, owner, 200)
        arrived = {
            "return_line_id": made["return_line_ids"][0],
            "received": 1,
            "condition": "as_new" if as_new else "damaged",
        }
        received = self.ask("POST", f"{path}/receipt", {"lines": [arrived]}, owner, 200)
        assert received["restocked"] == int(as_new)
        order.returned[variant] = order.returned.get(variant, 0) + 1
        self.on_hand[variant] += int(as_new)
        left = order.captured_minor - order.refunded_minor
        completed = self.run(self.crowd.ask("POST", f"{path}/completion", {}, owner))
        if PRICES_MINOR[variant] <= left:
            assert completed.status_code == 200, completed.text
            assert completed.json()["refund_minor"] == PRICES_MINOR[variant]
            order.refunded_minor += PRICES_MINOR[variant]
        elif completed.status_code == 200:
            # What was given back before counts: never more than is left.
            assert completed.json()["refund_minor"] <= left
            order.refunded_minor += completed.json()["refund_minor"]

    @invariant()
    def shelves_hold_what_the_model_says(self) -> None:
        if self.on_hand:
            assert self.levels() == {place: (self.on_hand[place], self.reserved[place]) for place in self.on_hand}

    @invariant()
    def orders_stand_as_the_model_says(self) -> None:
        if not self.order_models:
            return
        rows = self.run(
            self.shop.fetch(
                "SELECT o.id, o.status, o.fulfilment_status, coalesce(sum(p.captured_minor), 0)::bigint AS captured, "
                "coalesce(sum(p.refunded_minor), 0)::bigint AS refunded FROM shop.orders o "
                "LEFT JOIN shop.payments p ON p.order_id = o.id WHERE o.id = ANY ($1::text[]) GROUP BY o.id",
                list(self.order_models),
            )
        )
        stands = {
            row["id"]: (row["status"], row["fulfilment_status"], row["captured"], row["refunded"]) for row in rows
        }
        assert stands == {
            order_id: (order.status, order.fulfilment, order.captured_minor, order.refunded_minor)
            for order_id, order in self.order_models.items()
        }

    def teardown(self) -> None:
        """The invariants hold after every walk; the effects of its refunds are sent."""
        self.run(self.shop.application.effects.drive_due())
        self.run(catch_up(self.shop.application))
        checked = self.run(check_invariants(self.shop.application.database))
        assert [found for found in checked if found.violations] == []


@pytest.fixture
def opened(database_url: str, tmp_path: Path) -> Iterator[Opened]:
    with asyncio.Runner() as runner:
        opening = open_shop(database_url, tmp_path)
        shop = runner.run(opening.__aenter__())
        stand = runner.run(set_up(shop.application, units=6))
        yield Opened(runner, shop, stand)
        runner.run(opening.__aexit__(None, None, None))


def test_the_shop_does_what_its_model_does(opened: Opened) -> None:
    ShopMachine.opened = opened
    walks = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=EXAMPLES <= 10,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
        database=None,
    )
    run_state_machine_as_test(ShopMachine, settings=walks)
