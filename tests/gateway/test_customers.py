"""Customers over HTTP: guests who register, profiles, address books, instruments, blocking."""

from typing import Any

from tests.gateway.checkout import ADDRESS, Buyer, open_counter
from tests.gateway.people import PASSWORD, Person, bearer, code_for, register, sign_in
from tests.shop_fixtures import Shop


async def read(shop: Shop, person: Person) -> dict[str, Any]:
    seen = await shop.client.get(f"/api/customers/{person.customer_id}", headers=person.headers)
    assert seen.status_code == 200, seen.text
    return seen.json()


async def test_a_guest_who_registers_keeps_cart_and_orders(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    cart_id = (await buyer.call("POST", "/api/carts", {}))["cart_id"]
    made = await shop.client.post(
        "/api/customers", json={"email": "ada@example.com", "name": "Ada"}, headers=buyer.headers
    )
    assert made.status_code == 201, made.text
    headers = bearer(made.json()["token"])
    orders = await shop.client.get("/api/orders", headers=headers)
    assert [order["id"] for order in orders.json()["items"]] == [order_id]
    assert (await shop.client.get(f"/api/carts/{cart_id}", headers=headers)).status_code == 200
    # The guest's token would otherwise be a key to the account that nobody can take back.
    assert (await shop.client.get(f"/api/orders/{order_id}", headers=buyer.headers)).status_code == 401
    assert await shop.fetchval("SELECT count(*) FROM shop.customers WHERE kind = 'account'") == 1


async def test_the_guests_cart_comes_along_at_sign_in(shop: Shop) -> None:
    counter = await open_counter(shop)
    ada = await register(shop)
    own = Buyer(shop, counter, ada.headers)
    cart_id = (await own.call("POST", "/api/carts", {}))["cart_id"]
    await own.call("POST", f"/api/carts/{cart_id}/lines", {"variant_id": counter.jacket, "quantity": 1})
    guest = await Buyer.arrive(shop, counter)
    guest_cart = (await guest.call("POST", "/api/carts", {}))["cart_id"]
    await guest.call("POST", f"/api/carts/{guest_cart}/lines", {"variant_id": counter.jacket, "quantity": 2})
    await guest.call("POST", f"/api/carts/{guest_cart}/lines", {"variant_id": counter.stove, "quantity": 1})
    signed_in = await shop.client.post(
        "/api/sign-in", json={"email": "ada@example.com", "password": PASSWORD}, headers=guest.headers
    )
    assert signed_in.json()["cart_id"] == cart_id
    cart = await shop.client.get(f"/api/carts/{cart_id}", headers=bearer(signed_in.json()["token"]))
    quantities = {line["variant_id"]: line["quantity"] for line in cart.json()["lines"]}
    assert quantities == {counter.jacket: 3, counter.stove: 1}


async def test_who_signs_in_cannot_register_again(shop: Shop) -> None:
    ada = await register(shop)
    again = await shop.client.post(
        "/api/customers", json={"email": "other@example.com", "name": "Other"}, headers=ada.headers
    )
    assert (again.status_code, again.json()["code"]) == (409, "signed_in")


async def test_support_opens_an_account_without_a_session(shop: Shop) -> None:
    made = await shop.client.post(
        "/api/customers",
        json={"email": "ada@example.com", "name": "Ada"},
        headers=await shop.staff_headers("support"),
    )
    assert made.status_code == 201
    assert set(made.json()) == {"customer_id"}
    await shop.client.post("/api/sign-in/codes", json={"email": "ada@example.com"})
    code = await code_for(shop, "ada@example.com")
    assert (await sign_in(shop, password=None, code=code)).json()["subject_id"] == made.json()["customer_id"]


async def test_the_profile_changes_what_is_named(shop: Shop) -> None:
    ada = await register(shop, phone="+39 055 123")
    path = f"/api/customers/{ada.customer_id}"
    assert (await shop.client.patch(path, json={"name": "Ada M."}, headers=ada.headers)).status_code == 200
    seen = await read(shop, ada)
    assert (seen["name"], seen["phone"], seen["language"]) == ("Ada M.", "+39 055 123", "en")
    await shop.client.patch(path, json={"phone": "", "language": "it"}, headers=ada.headers)
    seen = await read(shop, ada)
    assert (seen["name"], seen["phone"], seen["language"]) == ("Ada M.", None, "it")


async def test_another_address_signs_in_after_it_was_proven(shop: Shop) -> None:
    ada = await register(shop)
    path = f"/api/customers/{ada.customer_id}/email"
    refused = await shop.client.put(path, json={"email": "new@example.com"}, headers=ada.headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "wrong_password")
    body = {"email": "new@example.com", "current_password": PASSWORD}
    assert (await shop.client.put(path, json=body, headers=ada.headers)).status_code == 200
    assert (await sign_in(shop, "ada@example.com")).status_code == 401
    assert (await sign_in(shop, "new@example.com")).status_code == 201
    await register(shop, "ada@example.com")


async def test_an_address_of_somebody_else_cannot_be_taken(shop: Shop) -> None:
    ada = await register(shop)
    await register(shop, "bea@example.com")
    body = {"email": "Bea@example.com", "current_password": PASSWORD}
    taken = await shop.client.put(f"/api/customers/{ada.customer_id}/email", json=body, headers=ada.headers)
    assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")
    assert (await read(shop, ada))["email"] == "ada@example.com"
    assert (await sign_in(shop, "ada@example.com")).status_code == 201


async def test_the_address_book(shop: Shop) -> None:
    ada = await register(shop)
    book = f"/api/customers/{ada.customer_id}/addresses"
    first = (await shop.client.post(book, json={"address": ADDRESS}, headers=ada.headers)).json()["address_id"]
    other = {**ADDRESS, "line1": "Via Milano 2"}
    second = (await shop.client.post(book, json={"address": other, "is_default": True}, headers=ada.headers)).json()[
        "address_id"
    ]
    listed = {stored["id"]: stored for stored in (await read(shop, ada))["addresses"]}
    assert (listed[first]["is_default"], listed[second]["is_default"]) == (False, True)
    moved = {**ADDRESS, "line1": "Via Torino 3"}
    assert (await shop.client.put(f"{book}/{first}", json=moved, headers=ada.headers)).status_code == 200
    assert (await shop.client.delete(f"{book}/{second}", headers=ada.headers)).status_code == 200
    (left,) = (await read(shop, ada))["addresses"]
    assert (left["id"], left["address"]["line1"], left["is_default"]) == (first, "Via Torino 3", True)
    gone = await shop.client.delete(f"{book}/{second}", headers=ada.headers)
    assert (gone.status_code, gone.json()["code"]) == (404, "no_such_address")


async def test_no_street_stands_in_the_log(shop: Shop) -> None:
    ada = await register(shop)
    book = f"/api/customers/{ada.customer_id}/addresses"
    await shop.client.post(book, json={"address": ADDRESS}, headers=ada.headers)
    assert await shop.fetchval("SELECT count(*) FROM log.changes WHERE after::text LIKE '%Via Roma%'") == 0
    assert (
        await shop.fetchval("SELECT count(*) FROM log.entries WHERE convert_from(arguments, 'UTF8') LIKE '%Roma%'") == 0
    )


async def test_a_stored_instrument_is_a_token_and_never_a_number(shop: Shop) -> None:
    ada = await register(shop)
    path = f"/api/customers/{ada.customer_id}/instruments"
    number = {"kind": "card", "gateway": "sandbox", "token": "4242424242424242"}
    refused = await shop.client.post(path, json=number, headers=ada.headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "card_number")
    body = {"kind": "card", "gateway": "sandbox", "token": "tok_1", "brand": "visa", "last_four": "4242"}
    made = await shop.client.post(path, json=body, headers=ada.headers)
    assert made.status_code == 201, made.text
    (shown,) = (await read(shop, ada))["instruments"]
    assert (shown["brand"], shown["last_four"]) == ("visa", "4242")
    assert "token" not in shown
    removed = await shop.client.delete(f"{path}/{made.json()['instrument_id']}", headers=ada.headers)
    assert removed.status_code == 200
    assert (await read(shop, ada))["instruments"] == []


async def test_a_blocked_customer_is_out_at_once(shop: Shop) -> None:
    ada = await register(shop)
    path = f"/api/customers/{ada.customer_id}/block"
    support = await shop.staff_headers("support")
    assert (await shop.client.put(path, json={"reason": "Chargebacks"}, headers=support)).status_code == 200
    assert (await shop.client.get("/api/account", headers=ada.headers)).status_code == 401
    assert (await sign_in(shop)).json()["code"] == "sign_in_refused"
    assert (await shop.client.delete(path, headers=support)).status_code == 200
    assert (await sign_in(shop)).status_code == 201


async def test_a_blocked_guest_is_out_at_once(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order = await buyer.order()
    guest_id = await shop.fetchval("SELECT customer_id FROM shop.orders WHERE id = $1", order["order_id"])
    support = await shop.staff_headers("support")
    await shop.client.put(f"/api/customers/{guest_id}/block", json={"reason": "Fraud"}, headers=support)
    assert (await shop.client.post("/api/carts", json={}, headers=buyer.headers)).status_code == 401


async def test_staff_find_an_account_by_its_address(shop: Shop) -> None:
    ada = await register(shop)
    await register(shop, "bea@example.com")
    support = await shop.staff_headers("support")
    found = await shop.client.get("/api/customers", params={"email": "ADA@example.com"}, headers=support)
    assert [item["id"] for item in found.json()["items"]] == [ada.customer_id]
    every = await shop.client.get("/api/customers", params={"limit": 1}, headers=support)
    assert len(every.json()["items"]) == 1
    rest = await shop.client.get("/api/customers", params={"cursor": every.json()["next_cursor"]}, headers=support)
    assert [item["id"] for item in rest.json()["items"]] == [ada.customer_id]


async def test_a_guest_has_no_address_book(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order = await buyer.order()
    guest_id = await shop.fetchval("SELECT customer_id FROM shop.orders WHERE id = $1", order["order_id"])
    refused = await shop.client.post(
        f"/api/customers/{guest_id}/addresses", json={"address": ADDRESS}, headers=buyer.headers
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "denied_by_policy")
    assert await shop.fetchval("SELECT count(*) FROM shop.addresses") == 0
