"""Signing in and out: passwords, codes, sessions, cookies, lockout."""

import asyncio
import dataclasses
import time
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from bottega.platform.sign_in.sessions import open_session
from bottega.shop.flows.job_context import JobContext
from bottega.shop.flows.periodic import sweep_sign_in
from tests.gateway.people import PASSWORD, bearer, code_for, mails_to, register, sign_in
from tests.shop_fixtures import MovableClock, Shop


def advance(shop: Shop, by: timedelta) -> None:
    clock = shop.application.clock
    assert isinstance(clock, MovableClock)
    clock.advance(by)


async def whoami(shop: Shop, headers: dict[str, str]) -> tuple[int, str | None]:
    seen = await shop.client.get("/api/account", headers=headers)
    return seen.status_code, seen.json().get("id")


async def test_registering_signs_in(shop: Shop) -> None:
    ada = await register(shop)
    seen = await shop.client.get("/api/account", headers=ada.headers)
    assert seen.status_code == 200
    assert (seen.json()["kind"], seen.json()["role"]) == ("customer", "customer")
    assert seen.json()["customer"]["email"] == "ada@example.com"
    assert seen.json()["customer"]["name"] == "Ada Marchetti"


async def test_the_password_is_kept_as_argon2id_and_stands_nowhere_else(shop: Shop) -> None:
    ada = await register(shop)
    stored = await shop.fetchval(
        "SELECT password_hash FROM platform.credentials WHERE subject_id = $1", ada.customer_id
    )
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    entry = await shop.fetchval(
        "SELECT convert_from(arguments, 'UTF8') FROM log.entries WHERE action = 'RegisterCustomer'"
    )
    assert "argon2" not in entry
    assert PASSWORD not in entry
    assert "ada@example.com" not in entry


async def test_one_address_has_one_account_in_any_case_of_letters(shop: Shop) -> None:
    await register(shop, "ada@example.com")
    again = await shop.client.post("/api/customers", json={"email": "ADA@Example.com", "name": "Somebody else"})
    assert again.status_code == 409
    assert again.json()["code"] == "email_taken"
    assert await shop.fetchval("SELECT count(*) FROM shop.customers") == 1


async def test_a_short_password_is_refused_and_not_repeated(shop: Shop) -> None:
    refused = await shop.client.post(
        "/api/customers", json={"email": "ada@example.com", "name": "Ada", "password": "ninechars"}
    )
    assert refused.status_code == 422
    assert "ninechars" not in refused.text
    assert await shop.fetchval("SELECT count(*) FROM shop.customers") == 0


async def test_signing_in_by_password_makes_a_session_of_its_own(shop: Shop) -> None:
    ada = await register(shop)
    signed_in = await sign_in(shop, "Ada@Example.com")
    assert signed_in.status_code == 201
    assert signed_in.headers["cache-control"] == "no-store"
    headers = bearer(signed_in.json()["token"])
    assert headers != ada.headers
    assert await whoami(shop, headers) == (200, ada.customer_id)
    sessions = await shop.client.get("/api/account/sessions", headers=headers)
    assert len(sessions.json()) == 2


async def test_a_wrong_password_and_an_unknown_address_are_told_the_same(shop: Shop) -> None:
    await register(shop)
    wrong = await sign_in(shop, password="not the right password")
    unknown = await sign_in(shop, "nobody@example.com")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.json()["code"] == "sign_in_refused"


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_repeated_failures_lock_for_a_growing_time_known_or_not(shop: Shop, email: str) -> None:
    await register(shop)
    for _ in range(5):
        assert (await sign_in(shop, email, password="wrong password")).status_code == 401
    locked = await sign_in(shop, email)
    assert locked.status_code == 429
    assert locked.json()["code"] == "too_many_attempts"
    assert 28 <= int(locked.headers["retry-after"]) <= 30
    advance(shop, timedelta(seconds=31))
    assert (await sign_in(shop, email, password="wrong password")).status_code == 401
    locked = await sign_in(shop, email)
    assert 58 <= int(locked.headers["retry-after"]) <= 60


async def test_a_success_forgives_the_failures_before_it(shop: Shop) -> None:
    await register(shop)
    for _ in range(4):
        await sign_in(shop, password="wrong password")
    assert (await sign_in(shop)).status_code == 201
    for _ in range(4):
        await sign_in(shop, password="wrong password")
    assert (await sign_in(shop)).status_code == 201


async def test_exactly_one_proof(shop: Shop) -> None:
    await register(shop)
    both = await sign_in(shop, code="12345678")
    neither = await sign_in(shop, password=None)
    assert (both.status_code, neither.status_code) == (422, 422)
    assert both.json()["code"] == neither.json()["code"] == "one_proof"


async def test_signing_out_ends_this_session_and_no_other(shop: Shop) -> None:
    ada = await register(shop)
    other = bearer((await sign_in(shop)).json()["token"])
    assert (await shop.client.delete("/api/account/session", headers=ada.headers)).status_code == 200
    assert (await whoami(shop, ada.headers))[0] == 401
    assert (await whoami(shop, other))[0] == 200


async def test_signing_out_everywhere_ends_all_of_them(shop: Shop) -> None:
    ada = await register(shop)
    other = bearer((await sign_in(shop)).json()["token"])
    ended = await shop.client.delete("/api/account/sessions", headers=other)
    assert ended.json() == {"ended": 2}
    assert (await whoami(shop, ada.headers))[0] == 401
    assert (await whoami(shop, other))[0] == 401


async def test_a_session_ends_by_itself(shop: Shop) -> None:
    ada = await register(shop)
    advance(shop, timedelta(days=29))
    assert (await whoami(shop, ada.headers))[0] == 200
    advance(shop, timedelta(days=2))
    assert (await whoami(shop, ada.headers))[0] == 401


async def test_a_session_token_chosen_by_somebody_else_is_not_taken_over(shop: Shop) -> None:
    await register(shop)
    planted = "bts_" + "a" * 43
    shop.client.cookies.set("bottega_session", planted)
    signed_in = await sign_in(shop, session="cookie")
    assert signed_in.status_code == 201
    assert signed_in.json()["token"] is None
    assert signed_in.cookies["bottega_session"] != planted
    shop.client.cookies.clear()
    assert (await whoami(shop, bearer(planted)))[0] == 401


async def test_signing_in_again_ends_the_session_it_came_with(shop: Shop) -> None:
    ada = await register(shop)
    body = {"email": "ada@example.com", "password": PASSWORD}
    again = await shop.client.post("/api/sign-in", json=body, headers=ada.headers)
    assert again.status_code == 201
    assert (await whoami(shop, ada.headers))[0] == 401


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(shop: Shop) -> None:
    await register(shop)
    cookie = (await sign_in(shop, session="cookie")).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://shop.test"}, 200),
        ({"Origin": "http://shop.test", "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_a_write_by_cookie_has_to_come_from_our_pages(shop: Shop, headers: dict[str, str], status: int) -> None:
    ada = await register(shop)
    await sign_in(shop, session="cookie")
    path = f"/api/customers/{ada.customer_id}/consent"
    body = {"marketing_consent": True, "profiling_consent": False}
    answered = await shop.client.put(path, json=body, headers=headers)
    assert answered.status_code == status, answered.text
    given = await shop.fetchval("SELECT marketing_consent FROM shop.customers WHERE id = $1", ada.customer_id)
    assert given is (status == 200)


async def test_reading_by_cookie_needs_no_origin(shop: Shop) -> None:
    ada = await register(shop)
    await sign_in(shop, session="cookie")
    assert await whoami(shop, {}) == (200, ada.customer_id)


async def test_another_site_cannot_sign_a_browser_in(shop: Shop) -> None:
    await register(shop)
    body = {"email": "ada@example.com", "password": PASSWORD, "session": "cookie"}
    refused = await shop.client.post("/api/sign-in", json=body, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers


async def test_a_code_by_mail_signs_in_once(shop: Shop) -> None:
    ada = await register(shop)
    asked = await shop.client.post("/api/sign-in/codes", json={"email": "ada@example.com"})
    assert asked.status_code == 202
    code = await code_for(shop, "ada@example.com")
    signed_in = await sign_in(shop, password=None, code=code)
    assert signed_in.status_code == 201
    assert signed_in.json()["subject_id"] == ada.customer_id
    assert (await sign_in(shop, password=None, code=code)).status_code == 401


async def test_asking_for_a_code_tells_nothing(shop: Shop) -> None:
    await register(shop)
    for path in ("/api/sign-in/codes", "/api/sign-in/password-resets"):
        known = await shop.client.post(path, json={"email": "ada@example.com"})
        unknown = await shop.client.post(path, json={"email": "nobody@example.com"})
        assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert await mails_to(shop, "nobody@example.com") == []
    assert len(await mails_to(shop, "ada@example.com")) == 2


async def test_the_code_stands_in_no_record(shop: Shop) -> None:
    await register(shop)
    await shop.client.post("/api/sign-in/codes", json={"email": "ada@example.com"})
    code = await code_for(shop, "ada@example.com")
    for table in ("log.entries", "log.effects", "log.changes", "platform.one_time_codes", "platform.jobs"):
        assert await shop.fetchval(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{code}%'") == 0, table


async def test_a_code_bears_five_guesses(shop: Shop) -> None:
    await register(shop)
    await shop.client.post("/api/sign-in/codes", json={"email": "ada@example.com"})
    code = await code_for(shop, "ada@example.com")
    wrong = "0" * 8 if code != "0" * 8 else "1" * 8
    for _ in range(5):
        assert (await sign_in(shop, password=None, code=wrong)).status_code == 401
    assert (await sign_in(shop, password=None, code=code)).status_code == 401


async def test_a_code_is_too_old_after_ten_minutes(shop: Shop) -> None:
    await register(shop)
    await shop.client.post("/api/sign-in/codes", json={"email": "ada@example.com"})
    code = await code_for(shop, "ada@example.com")
    advance(shop, timedelta(minutes=10, seconds=1))
    assert (await sign_in(shop, password=None, code=code)).status_code == 401


async def test_only_the_newest_code_works(shop: Shop) -> None:
    await register(shop)
    await shop.client.post("/api/sign-in/codes", json={"email": "ada@example.com"})
    first = await code_for(shop, "ada@example.com")
    advance(shop, timedelta(seconds=5))
    await shop.client.post("/api/sign-in/codes", json={"email": "ada@example.com"})
    second = await code_for(shop, "ada@example.com")
    assert first != second
    assert (await sign_in(shop, password=None, code=first)).status_code == 401
    assert (await sign_in(shop, password=None, code=second)).status_code == 201


async def test_a_code_for_signing_in_sets_no_password(shop: Shop) -> None:
    await register(shop)
    await shop.client.post("/api/sign-in/codes", json={"email": "ada@example.com"})
    code = await code_for(shop, "ada@example.com")
    body = {"email": "ada@example.com", "code": code, "password": "another long password"}
    assert (await shop.client.put("/api/sign-in/password", json=body)).status_code == 401
    assert (await sign_in(shop)).status_code == 201


async def test_a_new_password_by_mail_ends_every_session(shop: Shop) -> None:
    ada = await register(shop)
    for _ in range(5):
        await sign_in(shop, password="wrong password")
    await shop.client.post("/api/sign-in/password-resets", json={"email": "ada@example.com"})
    code = await code_for(shop, "ada@example.com")
    body = {"email": "ada@example.com", "code": code, "password": "another long password"}
    assert (await shop.client.put("/api/sign-in/password", json=body)).status_code == 200
    assert (await whoami(shop, ada.headers))[0] == 401
    assert (await sign_in(shop)).status_code == 401
    assert (await sign_in(shop, password="another long password")).status_code == 201
    assert (await shop.client.put("/api/sign-in/password", json=body)).status_code == 401


async def test_changing_the_password_needs_the_old_one_and_renews_the_session(shop: Shop) -> None:
    ada = await register(shop)
    new = "another long password"
    refused = await shop.client.put("/api/account/password", json={"new_password": new}, headers=ada.headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "wrong_password")
    changed = await shop.client.put(
        "/api/account/password", json={"current_password": PASSWORD, "new_password": new}, headers=ada.headers
    )
    assert changed.status_code == 200, changed.text
    assert (await whoami(shop, ada.headers))[0] == 401
    assert (await whoami(shop, bearer(changed.json()["token"])))[0] == 200
    assert (await sign_in(shop, password=new)).status_code == 201


async def test_the_hash_of_older_parameters_is_renewed(shop: Shop) -> None:
    ada = await register(shop)
    old = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    await shop.execute("UPDATE platform.credentials SET password_hash = $1 WHERE subject_id = $2", old, ada.customer_id)
    assert (await sign_in(shop)).status_code == 201
    renewed = await shop.fetchval(
        "SELECT password_hash FROM platform.credentials WHERE subject_id = $1", ada.customer_id
    )
    assert "m=19456" in renewed
    assert (await sign_in(shop)).status_code == 201


async def test_parallel_guesses_count_before_they_are_tried(shop: Shop) -> None:
    await register(shop)
    guesses = await asyncio.gather(*(sign_in(shop, password=f"guess number {n}") for n in range(20)))
    assert sorted(answered.status_code for answered in guesses) == [401] * 5 + [429] * 15


async def test_a_code_raced_for_signs_in_once(shop: Shop) -> None:
    await register(shop)
    await shop.client.post("/api/sign-in/codes", json={"email": "ada@example.com"})
    code = await code_for(shop, "ada@example.com")
    tries = await asyncio.gather(*(sign_in(shop, password=None, code=code) for _ in range(8)))
    assert sorted(answered.status_code for answered in tries) == [201] + [401] * 7


async def test_an_address_raced_for_makes_one_account(shop: Shop) -> None:
    body = {"email": "ada@example.com", "name": "Ada", "password": PASSWORD}
    made = await asyncio.gather(*(shop.client.post("/api/customers", json=body) for _ in range(8)))
    assert sorted(answered.status_code for answered in made) == [201] + [409] * 7
    assert await shop.fetchval("SELECT count(*) FROM shop.customers") == 1
    assert await shop.fetchval("SELECT count(*) FROM platform.credentials") == 1


async def test_an_unknown_address_takes_as_long(shop: Shop) -> None:
    await register(shop)
    seconds: dict[str, list[float]] = {"ada@example.com": [], "nobody@example.com": []}
    for _ in range(4):
        for email, taken in seconds.items():
            began = time.perf_counter()
            await sign_in(shop, email, password="wrong password")
            taken.append(time.perf_counter() - began)
    known, unknown = (min(taken) for taken in seconds.values())
    # Without the hash it would be a tenth.
    assert 0.4 < unknown / known < 2.5


async def test_in_production_the_cookie_travels_encrypted_alone(shop: Shop) -> None:
    await register(shop)
    shop.app.state.context = dataclasses.replace(shop.app.state.context, production=True)
    assert "Secure" in (await sign_in(shop, session="cookie")).headers["set-cookie"]


async def test_a_guests_token_ends_by_age(shop: Shop) -> None:
    guest = await shop.guest_headers()
    advance(shop, timedelta(days=179))
    assert (await shop.client.get("/api/account", headers=guest)).status_code == 200
    advance(shop, timedelta(days=2))
    assert (await shop.client.get("/api/account", headers=guest)).status_code == 401


async def test_the_twenty_first_session_ends_the_oldest(shop: Shop) -> None:
    ada = await register(shop)
    now = shop.application.clock.now()
    async with shop.application.database.connection() as connection:
        for number in range(19):
            await open_session(connection, number.to_bytes(32, "big"), "customer", ada.customer_id, now)
        assert (await whoami(shop, ada.headers))[0] == 200
        await open_session(connection, b"one more", "customer", ada.customer_id, now + timedelta(seconds=1))
    assert (await whoami(shop, ada.headers))[0] == 401


async def test_what_has_ended_is_swept_after_a_week(shop: Shop) -> None:
    ada = await register(shop)
    await sign_in(shop, password="wrong password")
    await shop.client.delete("/api/account/session", headers=ada.headers)
    other = bearer((await sign_in(shop)).json()["token"])
    await sign_in(shop, password="wrong password")
    advance(shop, timedelta(days=8))
    context = JobContext(shop.application.performer, shop.application.effects, shop.application.services)
    await sweep_sign_in(context, {})
    assert await shop.fetchval("SELECT count(*) FROM platform.sessions") == 1
    assert await shop.fetchval("SELECT count(*) FROM platform.sign_in_failures") == 0
    assert (await whoami(shop, other))[0] == 200
