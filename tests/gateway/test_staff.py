"""Staff and API keys over HTTP: invitations, roles that hold at once, the last owner, tokens shown once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bottega.actions.actor import system
from bottega.shop.staff.actions import ChangeStaffRole, CreateOwner
from tests.gateway.people import bearer, code_for, sign_in
from tests.shop_fixtures import MovableClock, Shop

NEW_PASSWORD = "a password of my own"


async def first_owner(shop: Shop) -> tuple[str, dict[str, str]]:
    """The first owner as the command line makes one, signed in."""
    made = await shop.done(CreateOwner(email="olga@example.com", name="Olga"), by=system("command_line"))
    await shop.client.post("/api/sign-in/password-resets", json={"email": "olga@example.com", "audience": "staff"})
    return made["staff_id"], await choose_password(shop, "olga@example.com")


async def choose_password(shop: Shop, email: str) -> dict[str, str]:
    code = await code_for(shop, email)
    body = {"email": email, "audience": "staff", "code": code, "password": NEW_PASSWORD}
    chosen = await shop.client.put("/api/sign-in/password", json=body)
    assert chosen.status_code == 200, chosen.text
    signed_in = await sign_in(shop, email, password=NEW_PASSWORD, audience="staff")
    assert signed_in.status_code == 201, signed_in.text
    return bearer(signed_in.json()["token"])


async def invite(shop: Shop, owner: dict[str, str], email: str, role: str) -> tuple[str, dict[str, str]]:
    """Somebody of the staff who was invited and chose a password."""
    invited = await shop.client.post("/api/staff", json={"email": email, "name": "Bruno", "role": role}, headers=owner)
    assert invited.status_code == 201, invited.text
    return invited.json()["staff_id"], await choose_password(shop, email)


async def role_of(shop: Shop, headers: dict[str, str]) -> Any:
    seen = await shop.client.get("/api/account", headers=headers)
    return seen.json()["role"] if seen.status_code == 200 else seen.status_code


async def test_an_invited_colleague_chooses_a_password_and_works(shop: Shop) -> None:
    _, owner = await first_owner(shop)
    _, bruno = await invite(shop, owner, "bruno@example.com", "support")
    assert await role_of(shop, bruno) == "support"
    listed = await shop.client.get("/api/staff", headers=bruno)
    assert [(member["email"], member["role"]) for member in listed.json()["items"]] == [
        ("olga@example.com", "owner"),
        ("bruno@example.com", "support"),
    ]


async def test_there_is_one_first_owner(shop: Shop) -> None:
    await first_owner(shop)
    again = await shop.perform(CreateOwner(email="other@example.com", name="Other"), by=system("command_line"))
    with pytest.raises(Exception, match="has an owner already"):
        again.unwrap()
    assert await shop.fetchval("SELECT count(*) FROM shop.staff") == 1


async def test_two_first_owners_at_once_are_one(shop: Shop) -> None:
    by = system("command_line")
    outcomes = await asyncio.gather(
        *(shop.perform(CreateOwner(email=f"o{n}@example.com", name="O"), by=by) for n in range(5))
    )
    assert sum(type(outcome).__name__ == "Done" for outcome in outcomes) == 1
    assert await shop.fetchval("SELECT count(*) FROM shop.staff") == 1


async def test_nobody_else_makes_an_owner(shop: Shop) -> None:
    outcome = await shop.perform(CreateOwner(email="eve@example.com", name="Eve"))
    with pytest.raises(Exception, match="command line"):
        outcome.unwrap()
    assert await shop.fetchval("SELECT count(*) FROM shop.staff") == 0


async def test_a_role_changes_from_the_next_request_on(shop: Shop) -> None:
    _, owner = await first_owner(shop)
    staff_id, bruno = await invite(shop, owner, "bruno@example.com", "manager")
    changed = await shop.client.put(f"/api/staff/{staff_id}/role", json={"role": "analyst"}, headers=owner)
    assert changed.status_code == 200
    assert await role_of(shop, bruno) == "analyst"
    assert (await shop.client.get("/api/orders", headers=bruno)).status_code == 403


async def test_who_leaves_is_out_at_once(shop: Shop) -> None:
    _, owner = await first_owner(shop)
    staff_id, bruno = await invite(shop, owner, "bruno@example.com", "support")
    assert (await shop.client.delete(f"/api/staff/{staff_id}", headers=owner)).status_code == 200
    assert await role_of(shop, bruno) == 401
    refused = await sign_in(shop, "bruno@example.com", password=NEW_PASSWORD, audience="staff")
    assert refused.status_code == 401
    again = await shop.client.post(f"/api/staff/{staff_id}/reactivation", json={"role": "warehouse"}, headers=owner)
    assert again.status_code == 200
    assert await role_of(shop, await choose_password(shop, "bruno@example.com")) == "warehouse"


async def test_the_last_owner_stays(shop: Shop) -> None:
    staff_id, owner = await first_owner(shop)
    for answered in (
        await shop.client.delete(f"/api/staff/{staff_id}", headers=owner),
        await shop.client.put(f"/api/staff/{staff_id}/role", json={"role": "manager"}, headers=owner),
    ):
        assert (answered.status_code, answered.json()["code"]) == (409, "last_owner")
    assert await role_of(shop, owner) == "owner"


async def test_two_owners_cannot_remove_each_other(shop: Shop) -> None:
    olga_id, owner = await first_owner(shop)
    bruno_id, _ = await invite(shop, owner, "bruno@example.com", "owner")
    outcomes = await asyncio.gather(
        shop.perform(ChangeStaffRole(staff_id=olga_id, role="analyst")),
        shop.perform(ChangeStaffRole(staff_id=bruno_id, role="analyst")),
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Done", "Failed"]
    assert await shop.fetchval("SELECT count(*) FROM shop.staff WHERE role = 'owner'") == 1


async def test_a_colleagues_session_ends_after_twelve_hours(shop: Shop) -> None:
    _, owner = await first_owner(shop)
    clock = shop.application.clock
    assert isinstance(clock, MovableClock)
    clock.advance(timedelta(hours=12, seconds=1))
    assert await role_of(shop, owner) == 401


async def test_staff_and_customers_of_one_address_are_strangers(shop: Shop) -> None:
    await first_owner(shop)
    body = {"email": "olga@example.com", "name": "Olga", "password": "the shopper's password"}
    assert (await shop.client.post("/api/customers", json=body)).status_code == 201
    as_staff = await sign_in(shop, "olga@example.com", password="the shopper's password", audience="staff")
    as_customer = await sign_in(shop, "olga@example.com", password="the shopper's password")
    assert (as_staff.status_code, as_customer.status_code) == (401, 201)


async def test_a_key_is_shown_once_and_stands_nowhere(shop: Shop) -> None:
    _, owner = await first_owner(shop)
    headers = {**owner, "Idempotency-Key": "make-a-key"}
    body = {"name": "Scanner", "role": "warehouse", "scopes": ["stock", "shipments"]}
    made = await shop.client.post("/api/api-keys", json=body, headers=headers)
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    assert await role_of(shop, bearer(token)) == "warehouse"
    repeated = await shop.client.post("/api/api-keys", json=body, headers=headers)
    assert repeated.json()["key_id"] == made.json()["key_id"]
    assert repeated.json().get("token") is None
    assert await role_of(shop, bearer(token)) == "warehouse"
    for table in ("log.entries", "platform.api_keys", "log.changes"):
        assert await shop.fetchval(f"SELECT count(*) FROM {table} t WHERE t::text LIKE $1", f"%{token[4:]}%") == 0
    assert await shop.fetchval("SELECT count(*) FROM log.entries WHERE action = 'CreateApiKey'") == 1


async def test_a_revoked_or_expired_key_opens_nothing(shop: Shop) -> None:
    _, owner = await first_owner(shop)
    clock = shop.application.clock
    assert isinstance(clock, MovableClock)
    until = (clock.now() + timedelta(hours=1)).isoformat()
    made = [
        (await shop.client.post("/api/api-keys", json=body, headers=owner)).json()
        for body in (
            {"name": "A", "role": "support", "scopes": ["*"]},
            {"name": "B", "role": "support", "scopes": ["*"], "expires_at": until},
        )
    ]
    assert [await role_of(shop, bearer(key["token"])) for key in made] == ["support", "support"]
    assert (await shop.client.delete(f"/api/api-keys/{made[0]['key_id']}", headers=owner)).status_code == 200
    clock.advance(timedelta(hours=2))
    assert [await role_of(shop, bearer(key["token"])) for key in made] == [401, 401]


async def test_a_key_without_a_known_scope_is_refused(shop: Shop) -> None:
    _, owner = await first_owner(shop)
    for scopes, status in (([], 422), (["everything"], 422), (["stock"], 201)):
        body = {"name": "Key", "role": "support", "scopes": scopes}
        assert (await shop.client.post("/api/api-keys", json=body, headers=owner)).status_code == status
    assert await shop.fetchval("SELECT count(*) FROM platform.api_keys") == 1


async def test_only_the_owner_makes_keys(shop: Shop) -> None:
    body = {"name": "Key", "role": "owner", "scopes": ["*"]}
    for role in ("manager", "support", "warehouse", "analyst"):
        refused = await shop.client.post("/api/api-keys", json=body, headers=await shop.staff_headers(role))
        assert refused.status_code == 403, role
    assert await shop.fetchval("SELECT count(*) FROM platform.api_keys WHERE name = 'Key'") == 0


async def test_a_narrowed_key_reads_what_its_scopes_name(shop: Shop) -> None:
    _, owner = await first_owner(shop)
    tokens = {}
    for scope in ("orders", "stock", "read"):
        body = {"name": scope, "role": "manager", "scopes": [scope]}
        tokens[scope] = bearer((await shop.client.post("/api/api-keys", json=body, headers=owner)).json()["token"])
    orders = {scope: (await shop.client.get("/api/orders", headers=tokens[scope])).status_code for scope in tokens}
    customers = {
        scope: (await shop.client.get("/api/customers", headers=tokens[scope])).status_code for scope in tokens
    }
    assert orders == {"orders": 200, "stock": 403, "read": 200}
    assert customers == {"orders": 403, "stock": 403, "read": 200}


async def test_the_day_of_a_keys_use_is_noted(shop: Shop) -> None:
    _, owner = await first_owner(shop)
    body = {"name": "Key", "role": "support", "scopes": ["*"]}
    made = (await shop.client.post("/api/api-keys", json=body, headers=owner)).json()
    unused = await shop.client.get(f"/api/api-keys/{made['key_id']}", headers=owner)
    assert unused.json()["last_used_on"] is None
    await role_of(shop, bearer(made["token"]))
    used = await shop.client.get(f"/api/api-keys/{made['key_id']}", headers=owner)
    assert used.json()["last_used_on"] == shop.application.clock.now().date().isoformat()
