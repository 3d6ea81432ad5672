"""Every route is tried by a caller of every kind: who may gets further, everybody else is told 401 or 403."""

from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from bottega.gateway.application import described
from bottega.gateway.caller import STAFF_ROLES
from bottega.kernel.identifiers import new_id
from tests.gateway.callers import CALLERS, STAFF, headers_of, only_deciding
from tests.gateway.populated import Populated
from tests.gateway.route_audiences import ANYBODY, BODIES, ROUTES, SIGNED_IN, UNDOCUMENTED
from tests.gateway.surface import Operation, operations
from tests.platform.pictures.test_reading import drawn

# What takes a file instead of JSON.
PICTURES = {("POST", "/api/products/{product_id}/pictures")}
OPERATIONS = operations()


def test_every_route_has_an_audience() -> None:
    routes = {
        (method, context.path_format)
        for context in iter_route_contexts(described().routes)
        for method in (context.methods or {"GET"}) - {"HEAD", "OPTIONS"}
    }
    missing = sorted(routes - set(ROUTES) - UNDOCUMENTED)
    assert not missing, f"say in tests/gateway/route_audiences.py who may use {missing}"
    gone = sorted(set(ROUTES) - routes)
    assert not gone, f"there is no such route any more, take it out of tests/gateway/route_audiences.py: {gone}"


def test_every_kind_of_caller_is_tried() -> None:
    assert set(STAFF) == STAFF_ROLES
    assert set(CALLERS) == ANYBODY
    assert set(CALLERS) - {"anonymous"} == SIGNED_IN


@pytest.mark.parametrize("caller", CALLERS)
async def test_a_caller_reaches_what_is_meant_for_them_and_nothing_else(populated: Populated, caller: str) -> None:
    usual = await headers_of(populated, caller)
    # A conversation belongs to whoever opened it, so each caller has one of their own.
    conversation = new_id("ses")
    wrong: list[str] = []
    for operation in OPERATIONS:
        # These end or renew the session.
        ends = operation.path.startswith("/api/account/")
        headers = await headers_of(populated, caller) if ends else usual
        async with only_deciding(populated.shop):
            answered = await ask(populated, operation, headers, conversation)
        expected = caller in ROUTES.get((operation.method, operation.path), frozenset())
        if gets_further(answered) is not expected:
            wrong.append(f"{operation}: {answered.status_code} {answered.text[:200]}")
    assert not wrong, f"{caller}: " + "\n".join(wrong)


async def ask(populated: Populated, operation: Operation, headers: dict[str, str], conversation: str) -> httpx.Response:
    """The operation's own example, with identifiers that exist."""
    of_its_own = BODIES.get((operation.method, operation.path))
    body: Any = operation.body(populated.ids) if of_its_own is None else of_its_own(populated.ids)
    keyed = {**headers, "Idempotency-Key": new_id("req")}
    url = operation.url(populated.ids, {"session": conversation})
    if (operation.method, operation.path) in PICTURES:
        keyed["Content-Type"] = "image/png"
        return await populated.shop.client.request(operation.method, url, content=drawn("PNG"), headers=keyed)
    return await populated.shop.client.request(operation.method, url, json=body, headers=keyed)


def gets_further(answered: httpx.Response) -> bool:
    """Whether it was not refused for who the caller is; a wrong password is another matter."""
    assert answered.status_code < 500, answered.text
    if answered.status_code == 401:
        return answered.json()["code"] != "not_signed_in"
    return answered.status_code != 403
