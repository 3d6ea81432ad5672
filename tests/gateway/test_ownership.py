"""What belongs to somebody else does not exist: every route of a customer's things answers strangers with 404."""

from typing import Any

import pytest
import pytest_asyncio

from bottega.kernel.identifiers import new_id
from tests.gateway.checkout import ADDRESS, Buyer, open_counter
from tests.gateway.people import register
from tests.gateway.route_audiences import ROUTES
from tests.gateway.surface import Operation, operations
from tests.shop_fixtures import Shop

OWNED = ("order_id", "cart_id", "ticket_id", "return_id", "customer_id", "gift_card_id")


def parameters(operation: Operation) -> list[str]:
    return [parameter["name"] for parameter in operation.record.get("parameters", ()) if parameter["in"] == "path"]


# Routes of a customer's own things, which are named by the first identifier in the path.
OF_CUSTOMERS = [
    operation
    for operation in operations()
    if set(parameters(operation)) & set(OWNED) and "customer" in ROUTES.get((operation.method, operation.path), ())
]


class Things:
    """One of everything that belongs to Ada, by the prefix of its identifier."""

    def __init__(self, shop: Shop, ids: dict[str, list[str]], ada: dict[str, str], strangers: dict[str, Any]) -> None:
        self.shop, self.ids, self.ada, self.strangers = shop, ids, ada, strangers


@pytest_asyncio.fixture
async def things(shop: Shop) -> Things:
    counter = await open_counter(shop)
    person = await register(shop)
    owner = Buyer(shop, counter, await shop.staff_headers("owner"))
    ada = Buyer(shop, counter, person.headers)
    order_id = (await ada.order())["order_id"]
    paid = await ada.pay(order_id)
    sent = await owner.call("POST", f"/api/orders/{order_id}/shipments", {})
    await owner.call("POST", f"/api/shipments/{sent['shipment_id']}/delivery")
    line_id = (await ada.read(order_id))["lines"][0]["id"]
    lines = {"lines": [{"line_id": line_id, "quantity": 1}]}
    returned = await ada.call("POST", f"/api/orders/{order_id}/returns", lines)
    cart_id = (await ada.call("POST", "/api/carts", {}))["cart_id"]
    line = {"variant_id": counter.jacket, "quantity": 1}
    cart_line = await ada.call("POST", f"/api/carts/{cart_id}/lines", line)
    ticket = await ada.call("POST", "/api/tickets", {"subject": "Zip", "text": "It is stuck."})
    address = await ada.call("POST", f"/api/customers/{person.customer_id}/addresses", {"address": ADDRESS})
    card = {"kind": "card", "gateway": "sandbox", "token": "sandbox_card_success"}
    instrument = await ada.call("POST", f"/api/customers/{person.customer_id}/instruments", card)
    gift = {"amount_minor": 1000, "customer_id": person.customer_id, "reason": "Goodwill"}
    gift_card = await owner.call("POST", "/api/gift-cards", gift)
    ids = {
        "ord": order_id,
        "oln": line_id,
        "pay": paid["id"],
        "ret": returned["return_id"],
        "crt": cart_id,
        "cln": cart_line["line_id"],
        "tck": ticket["ticket_id"],
        "cus": person.customer_id,
        "adr": address["address_id"],
        "ins": instrument["instrument_id"],
        "gft": gift_card["gift_card_id"],
        "var": counter.jacket,
        "shm": counter.method,
    }
    strangers = {"customer": (await register(shop, "bea@example.com")).headers, "guest": await shop.guest_headers()}
    return Things(shop, {prefix: [identifier] for prefix, identifier in ids.items()}, person.headers, strangers)


async def ask(things: Things, operation: Operation, headers: dict[str, str]) -> Any:
    keyed = {**headers, "Idempotency-Key": new_id("req")}
    url, body = operation.url(things.ids), operation.body(things.ids)
    return await things.shop.client.request(operation.method, url, json=body, headers=keyed)


async def rows(shop: Shop) -> dict[str, Any]:
    """A figure for the content of each of the shop's tables."""
    tables = await shop.fetch("SELECT table_name FROM log.folded_tables ORDER BY 1")
    figure = "count(*) || ' ' || coalesce(sum(hash_record_extended(t, 0)::numeric), 0)"
    names = [table["table_name"] for table in tables]
    return {name: await shop.fetchval(f"SELECT {figure} FROM {name} t") for name in names}


def test_the_routes_of_all_that_customers_own_are_found() -> None:
    found = {name for operation in OF_CUSTOMERS for name in parameters(operation)}
    assert set(OWNED) <= found
    assert len(OF_CUSTOMERS) >= 40


@pytest.mark.parametrize("stranger", ["customer", "guest"])
async def test_a_stranger_is_told_that_there_is_no_such_thing(things: Things, stranger: str) -> None:
    before = await rows(things.shop)
    wrong: list[str] = []
    for operation in OF_CUSTOMERS:
        answered = await ask(things, operation, things.strangers[stranger])
        # A guest may be refused for having no account before anything is looked up.
        allowed = (404, 403) if stranger == "guest" else (404,)
        if answered.status_code not in allowed:
            wrong.append(f"{operation}: {answered.status_code} {answered.text[:200]}")
        elif things.ids["cus"][0] in answered.text and "{customer_id}" not in operation.path:
            wrong.append(f"{operation}: names the owner")
    assert not wrong, "\n".join(wrong)
    assert await rows(things.shop) == before


async def test_the_owner_of_the_things_does_see_them(things: Things) -> None:
    """So that a 404 above means a stranger, and not a mistake in the address."""
    wrong = [
        f"{operation}: {answered.status_code} {answered.text[:200]}"
        for operation in OF_CUSTOMERS
        if operation.method == "GET"
        for answered in [await ask(things, operation, things.ada)]
        if answered.status_code != 200
    ]
    assert not wrong, "\n".join(wrong)


async def test_a_strangers_list_holds_nothing_of_it(things: Things) -> None:
    for path in ("/api/orders", "/api/returns", "/api/tickets", "/api/gift-cards"):
        for headers in things.strangers.values():
            listed = await things.shop.client.get(path, headers=headers)
            assert listed.status_code == 200, listed.text
            assert listed.json()["items"] == [], path


async def test_a_filter_for_somebody_else_shows_nothing_of_theirs(things: Things) -> None:
    customer_id = things.ids["cus"][0]
    for path in ("/api/orders", "/api/returns", "/api/tickets", "/api/gift-cards"):
        for headers in things.strangers.values():
            listed = await things.shop.client.get(path, params={"customer_id": customer_id}, headers=headers)
            assert listed.status_code in (200, 403, 404, 422), listed.text
            assert customer_id not in listed.text
