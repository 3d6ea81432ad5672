"""Questions about one order, answered from its record alone."""

from typing import Any

import pytest

from bottega.agents.assistant.dialogue.goals.order_questions import told
from tests.agents.assistant.dialogue.small_shop import order

SHIPMENT = {"carrier": "Corriere Alpino", "tracking_number": "CA-1", "delivered_at": "2026-11-24T09:00:00+00:00"}
ADDRESS = {"name": "Ada Prova", "line1": "Via Roma 1", "postal_code": "38122", "city": "Trento", "country": "IT"}


def asked(question: str, **state: Any) -> list[tuple[str, dict[str, str]]]:
    parts = told(question, order("B-10001", [("variant_d1", 2)], **state))
    return [(part.key, dict(part.fields)) for part in parts]


def test_who_brings_it_and_under_which_number() -> None:
    assert asked("who delivers it, and the tracking number?", shipments=[SHIPMENT]) == [
        ("order.carrier", {"number": "[order_1]", "carrier": "Corriere Alpino", "tracking": "CA-1"})
    ]
    assert asked("which carrier?") == [("order.no_carrier_yet", {"number": "[order_1]"})]


def test_what_it_cost_and_what_is_in_it() -> None:
    total = ("order.total", {"number": "[order_1]", "total": "24.00 EUR"})
    assert asked("how much was it?") == [total]
    assert asked("what is in it?") == [("order.holds", {"lines": "2 × Tarn Enamel Mug"}), total]


def test_where_it_goes() -> None:
    (part,) = asked("to which address does it go? what address do you have?", shipping_address=ADDRESS)
    assert part == ("order.goes_to", {"number": "[order_1]", "address": "Ada Prova, Via Roma 1, 38122 Trento, IT"})


@pytest.mark.parametrize(
    ("payment_status", "keys"),
    [
        ("paid", ["order.payment_arrived", "order.is_prepared"]),
        ("awaiting", ["order.payment_open", "order.is_unpaid"]),
    ],
)
def test_whether_the_payment_arrived(payment_status: str, keys: list[str]) -> None:
    told_keys = [key for key, _ in asked("did the payment arrive?", payment_status=payment_status)]
    assert told_keys == keys


def test_a_question_about_nothing_in_particular_is_answered_by_how_it_stands() -> None:
    (part,) = asked("and now?", fulfilment_status="delivered", shipments=[SHIPMENT])
    assert part[0] == "order.is_delivered"
    assert part[1]["delivered"] == "2026-11-24"
