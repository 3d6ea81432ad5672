"""What goes wrong in the shop itself: the database away, a value it cannot hold, a bug."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from bottega.platform.database.pool import Database
from tests.shop_fixtures import Shop


def failing(error: Exception) -> Any:
    @asynccontextmanager
    async def read(_: Database) -> AsyncGenerator[None]:
        raise error
        yield

    return read


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (asyncpg.ConnectionDoesNotExistError("closed"), 503, "database_away"),
        (asyncpg.TooManyConnectionsError("full"), 503, "database_away"),
        (ConnectionRefusedError(), 503, "database_away"),
        (TimeoutError(), 503, "database_away"),
        (asyncpg.DataError("value out of int64 range"), 422, "bad_value"),
        (RuntimeError("the customer's name is Ada"), 500, "internal_error"),
        (asyncpg.UndefinedTableError("relation does not exist"), 500, "internal_error"),
    ],
)
async def test_a_failure_is_a_problem_that_tells_nothing_about_the_inside(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    headers = await shop.staff_headers()
    monkeypatch.setattr(Database, "read", failing(error))
    answered = await shop.client.get("/api/orders", headers=headers)
    assert (answered.status_code, answered.json()["code"]) == (status, code)
    assert answered.headers["content-type"] == "application/problem+json"
    assert answered.json()["next_step"]
    assert "Ada" not in answered.text
    assert "relation" not in answered.text
    assert ("retry-after" in answered.headers) == (status == 503)
    if status == 500:
        assert answered.json()["details"]["request_id"].startswith("req_")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/nothing"), ("POST", "/nothing"), ("GET", "/api/orders/x/y/z")]
)
async def test_there_is_nothing_here(shop: Shop, method: str, path: str) -> None:
    answered = await shop.client.request(method, path)
    assert (answered.status_code, answered.json()["code"], answered.json()["status"]) == (404, "no_such_route", 404)


async def test_a_method_that_is_not_known_names_those_that_are(shop: Shop) -> None:
    answered = await shop.client.request("TRACE", "/api/carts")
    assert (answered.status_code, answered.json()["status"]) == (405, 405)
    assert answered.json()["code"] == "method_not_allowed"
    assert answered.headers["allow"] == "POST"
