"""The OpenAPI document is complete and true for every route, and every action can be reached or says why not."""

import json
from collections import Counter
from typing import Any

import pytest
from pydantic import TypeAdapter

from bottega.actions.registry import registered_handlers
from bottega.bootstrap import load_shop
from bottega.gateway.application import described, openapi_document
from bottega.gateway.openapi import TAGS
from bottega.gateway.routes import READING, Route, routes_of

load_shop()
APP = described()
ROUTES = routes_of(APP)
DOCUMENT = openapi_document()
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (method, path, operation) for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
]

# Actions that no route performs, and why.
INTERNAL: dict[str, str] = {
    "ApplyCoupon": "the assistant's tool; over HTTP a coupon is put on a cart by SetCoupon",
    "CheckOut": "one step of the pages: order and payment in one transaction",
    "CreateOwner": "the first owner is made on the command line, before anybody can sign in",
    "AlertStaff": "by the clock",
    "EscalateOverdue": "by the clock",
    "ExpireApprovals": "by the clock",
    "ExpireCarts": "by the clock",
    "ExpireOrder": "by the clock",
    "FillCart": "one step of the pages: a cart and its first line in one transaction",
    "GiveBackPayments": "follows when money arrives for an order that has ended",
    "ImportCustomers": "bottega import shop",
    "ImportOrders": "bottega import shop",
    "ImportReviews": "bottega import, from a file",
    "MergeCarts": "part of signing in",
    "RecordPaymentState": "what a payment gateway says, by its webhook or when it is asked",
    "RecordRefundState": "what a payment gateway says, by its webhook or when it is asked",
    "SendCode": "part of asking for a code or a new password",
    "StartAgents": "bottega runs start",
    "StopAgents": "bottega runs stop",
}


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def operation_of(route: Route) -> dict[str, Any]:
    return DOCUMENT["paths"][route.path][route.method.lower()]


def test_every_action_is_reachable_or_internal_for_a_reason() -> None:
    reachable = {action.action_name() for route in ROUTES for action in route.actions}
    registered = set(registered_handlers())
    assert reachable <= registered
    assert registered - reachable == set(INTERNAL), "reach it by a route, or say here why it is internal"


def test_operations_have_names_of_their_own_and_say_what_they_do() -> None:
    ids = Counter(operation["operationId"] for _, _, operation in OPERATIONS)
    assert [name for name, number in ids.items() if number > 1] == []
    for method, path, operation in OPERATIONS:
        assert len(operation["summary"]) >= 5, f"{method} {path}: give the function a sentence"
        assert len(operation["summary"]) <= 120, f"{method} {path}: say it in one short sentence"
        assert operation["tags"], f"{method} {path}: no tag"
    assert {tag["name"] for tag in DOCUMENT["tags"]} <= set(TAGS), "describe the new tag in gateway/openapi.py"


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_every_answer_is_described(route: Route) -> None:
    operation = operation_of(route)
    responses: dict[str, Any] = operation["responses"]
    for status in ("400", "422", "429", "503"):
        assert "$ref" in responses[status]
    successes = {status: found for status, found in responses.items() if status < "3" and "$ref" not in found}
    assert successes, "no success is described"
    for status, found in successes.items():
        for media in found.get("content", {}).values():
            assert media.get("schema"), f"{status}: give the route a model"
    if route.actions and route.has_caller:
        assert responses["202"] == {"$ref": "#/components/responses/Held"}
        assert "Idempotency-Key" in {parameter["name"] for parameter in operation["parameters"]}
    assert ("304" in responses) == route.has_etag
    assert operation["security"] == ([{"bearer": []}, {"cookie": []}] if route.has_caller else [{}])
    inlined = [status for status, found in responses.items() if status >= "4" and set(found) != {"$ref"}]
    assert inlined == [], "refusals stand in the components"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.has_body], ids=named)
def test_bodies_are_strict_and_their_examples_are_accepted(route: Route) -> None:
    (media,) = operation_of(route)["requestBody"]["content"].values()
    for form in media["schema"].get("anyOf", [media["schema"]]):
        if "$ref" in form:
            schema = SCHEMAS[form["$ref"].rpartition("/")[2]]
            assert schema.get("additionalProperties") is False, "use RequestBody or an action"
    TypeAdapter(route.endpoint.__annotations__["body"]).validate_json(json.dumps(media["example"]))


def test_money_and_orders_need_a_key() -> None:
    required = {route.path for route in ROUTES if route.key_required}
    for path in ("/api/carts/{cart_id}/order", "/api/orders/{order_id}/payments", "/api/orders/{order_id}/refunds"):
        assert path in required
        (parameter,) = (
            found for found in DOCUMENT["paths"][path]["post"]["parameters"] if found["name"] == "Idempotency-Key"
        )
        assert parameter["required"] is True


def test_reading_performs_no_action() -> None:
    assert [named(route) for route in ROUTES if route.method in READING and route.actions] == []


def test_references_lead_somewhere() -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    for reference in references(DOCUMENT):
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found


def test_nothing_personal_of_other_machines_stands_in_it() -> None:
    assert "localhost" not in json.dumps(DOCUMENT)
