"""Bad input of every kind to every route that changes something: a clear refusal, and the shop stays as it was."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from bottega.kernel.identifiers import new_id
from tests.gateway.mutations import COMPUTED, SQL_TEXT, TEMPLATE_TEXT, UNKNOWN, bad_bodies, hostile_texts
from tests.gateway.populated import Populated
from tests.gateway.surface import IDENTIFIER, Operation, operations

WRITES = [found for found in operations() if found.method != "GET"]
WITH_BODY = [found for found in WRITES if found.body_schema is not None]
REFUSED = frozenset({400, 401, 403, 404, 409, 413, 415, 422})
# Sign-in and the like answer in the same way whether anybody has the address, and limits count them.
UNTOLD = {("POST", "/api/sign-in/codes"), ("POST", "/api/sign-in/password-resets")}

pytestmark = pytest.mark.slow


async def contents(populated: Populated) -> dict[str, tuple[int, Any]]:
    """Count and hash of every folded table, and of the log."""
    tables = [row["table_name"] for row in await populated.shop.fetch("SELECT table_name FROM log.folded_tables")]
    counted = " UNION ALL ".join(
        f"SELECT '{table}' AS name, count(*) AS rows, coalesce(sum(hash_record_extended(t, 0)::numeric), 0) AS hash "
        f"FROM {table} AS t"
        for table in [*tables, "log.entries", "log.changes", "vault.values", "platform.webhook_endpoints"]
    )
    return {row["name"]: (row["rows"], row["hash"]) for row in await populated.shop.fetch(counted)}


@asynccontextmanager
async def nothing_changes(populated: Populated) -> AsyncGenerator[None]:
    """Asserts it of every folded table."""
    before = await contents(populated)
    yield
    after = await contents(populated)
    assert {name for name in after if after[name] != before[name]} == set()


async def send(
    populated: Populated, operation: Operation, *, who: str = "owner", url: str | None = None, **request: Any
) -> httpx.Response:
    headers = {**populated.headers(who), "Idempotency-Key": new_id("req"), **request.pop("headers", {})}
    address = url or operation.url(populated.ids)
    return await populated.shop.client.request(operation.method, address, headers=headers, **request)


def check_refusal(response: httpx.Response, what: str) -> None:
    """A problem with a code, a reason and the next step, that does not repeat what was sent."""
    assert response.status_code in REFUSED, f"{what}: {response.status_code} {response.text[:300]}"
    assert response.headers["content-type"] == "application/problem+json", what
    problem = response.json()
    assert problem["status"] == response.status_code, what
    assert all(problem[name] for name in ("code", "detail", "next_step", "title")), f"{what}: {problem}"
    assert len(response.content) < 10_000, what


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_a_wrong_value_anywhere_is_refused(populated: Populated, operation: Operation) -> None:
    good = operation.body(populated.ids)
    async with nothing_changes(populated):
        for bad in bad_bodies(operation, good):
            try:
                content = json.dumps(bad.body)
            except ValueError:
                continue
            response = await send(populated, operation, content=content, headers={"Content-Type": "application/json"})
            check_refusal(response, f"{operation}: {bad.what}")


BROKEN = {
    "an open list": b"[",
    "nothing but spaces": b"   ",
    "two values": b"{}{}",
    "malformed UTF-8": b'{"name": "\xff\xfe"}',
    "a lone surrogate": b'{"name": "\\ud800"}',
    "an escaped NUL": b'{"name": "a\\u0000b"}',
    "a NUL": b'{"name": "a\x00b"}',
    "a key twice": b'{"name": "a", "name": "b"}',
    "a nesting bomb of lists": b"[" * 100_000,
    "a nesting bomb of objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "a number beyond all measure": b'{"amount_minor": 1e400}',
    "digits without end": b'{"amount_minor": ' + b"9" * 6_000 + b"}",
    "no number": b'{"amount_minor": NaN}',
    "more than a million bytes": b'{"name": "' + b"x" * 1_000_001 + b'"}',
}


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_a_body_that_is_no_json_of_ours_is_refused(populated: Populated, operation: Operation) -> None:
    good = json.dumps(operation.body(populated.ids)).encode()
    async with nothing_changes(populated):
        for what, content in BROKEN.items():
            response = await send(populated, operation, content=content, headers={"Content-Type": "application/json"})
            check_refusal(response, f"{operation}: {what}")
        for media_type in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data"):
            response = await send(populated, operation, content=good, headers={"Content-Type": media_type})
            check_refusal(response, f"{operation}: {media_type}")
            assert response.status_code == 415
        response = await send(populated, operation, content=good)
        check_refusal(response, f"{operation}: no media type")


@pytest.mark.parametrize("operation", [found for found in WRITES if IDENTIFIER.search(found.url({}))], ids=str)
async def test_an_identifier_that_nobody_has_is_refused(populated: Populated, operation: Operation) -> None:
    good = operation.body(populated.ids)
    known = operation.url(populated.ids)
    async with nothing_changes(populated):
        for match in IDENTIFIER.finditer(known):
            for wrong in (f"{match[1]}_{UNKNOWN}", "xyz_1", "%27%20OR%201=1", "a" * 300, "%FF%FE", "..%2F..%2Fadmin"):
                url = known.replace(match[0], wrong)
                check_refusal(await send(populated, operation, url=url, json=good), f"{operation.method} {url}")


@pytest.mark.parametrize("operation", WRITES, ids=str)
async def test_a_malformed_key_is_refused(populated: Populated, operation: Operation) -> None:
    if not operation.performs or not operation.record["security"][0]:
        pytest.skip("takes no key")
    async with nothing_changes(populated):
        for key in ("", "k" * 201, "two words", "tab\tkey", "k\xe9y"):
            headers = {"Idempotency-Key": key.encode("latin-1")}
            response = await send(populated, operation, headers=headers, json=operation.body(populated.ids))
            check_refusal(response, f"{operation}: key {key[:20]!r}")


@pytest.mark.parametrize("operation", WRITES, ids=str)
async def test_what_is_other_peoples_is_refused(populated: Populated, operation: Operation) -> None:
    """Nothing changes for whoever is not signed in, nor under another customer's token by the identifiers of others."""
    url = operation.url(populated.ids)
    theirs = any(match[1] in ("cus", "ord", "crt", "pay", "ret", "tck") for match in IDENTIFIER.finditer(url))
    body = operation.body(populated.ids)
    async with nothing_changes(populated):
        if operation.record["security"][0]:
            response = await send(populated, operation, who="anonymous", json=body)
            check_refusal(response, f"{operation}: nobody")
            assert response.status_code == 401
        if theirs and operation.record["security"][0]:
            for who in ("other", "guest"):
                check_refusal(await send(populated, operation, who=who, json=body), f"{operation}: {who}")


@pytest.mark.parametrize("operation", [found for found in operations() if found.method == "GET"], ids=str)
async def test_bad_questions_are_refused(populated: Populated, operation: Operation) -> None:
    asked = [found for found in operation.record.get("parameters", ()) if found["in"] == "query"]
    url = operation.url(populated.ids)
    required = {found["name"]: "1" for found in asked if found.get("required")}
    async with nothing_changes(populated):
        for parameter in asked:
            for wrong in _bad_question(parameter["name"]):
                response = await send(populated, operation, params={**required, parameter["name"]: wrong})
                what = f"{operation}?{parameter['name']}={wrong[:40]}"
                if parameter["name"] in ("cursor", "limit"):
                    check_refusal(response, what)
                assert response.status_code < 500, f"{what}: {response.text[:300]}"
        check_refusal(await send(populated, operation, url=f"{url}?q=a%00b"), f"{operation}: NUL")
        check_refusal(await send(populated, operation, url=f"{url}?q={'x' * 9_000}"), f"{operation}: long")


def _bad_question(name: str) -> list[str]:
    texts = [SQL_TEXT, TEMPLATE_TEXT, "-1", str(2**70), "\ud7ff", "x" * 3_000]
    return ["not-a-cursor!", "%", "AAAA====", *texts[:2]] if name == "cursor" else texts


@pytest.mark.parametrize("operation", WITH_BODY, ids=str)
async def test_hostile_text_is_text(populated: Populated, operation: Operation) -> None:
    """Where free text may stand it is kept as it is; nothing is carried out, nothing computed."""
    if (operation.method, operation.path) in UNTOLD:
        pytest.skip("says the same whatever is asked")
    tables = set(await contents(populated))
    for hostile in hostile_texts(operation, operation.body(populated.ids)):
        response = await send(populated, operation, json=hostile.body)
        what = f"{operation}: {hostile.what}"
        assert response.status_code < 500, f"{what}: {response.text[:300]}"
        assert COMPUTED not in response.text, what
        if response.status_code >= 400:
            check_refusal(response, what)
    assert set(await contents(populated)) == tables
