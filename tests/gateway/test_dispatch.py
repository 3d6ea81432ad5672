"""Every address reaches the same endpoint through the dispatch as through the router that stands behind it."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from bottega.gateway import dispatch
from bottega.gateway.application import described

ADDRESSES = [
    (method, str(context.path_format).replace("{", "").replace("}", ""))
    for context in iter_route_contexts(described().routes)
    if isinstance(context.original_route, APIRoute)
    for method in sorted(context.methods or ())
]


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return described()


@pytest.fixture(scope="module")
def dispatched(app: FastAPI) -> dispatch.Dispatch:
    return dispatch.Dispatch(app)


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
async def test_the_same_endpoint(app: FastAPI, dispatched: dispatch.Dispatch, method: str, path: str) -> None:
    found = await _route(dispatched, method, path)
    behind = await _route(app.router.middleware_stack, method, path)
    assert found["endpoint"] is behind["endpoint"]
    assert found["route"] is behind["route"]
    assert found["path_params"] == behind["path_params"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/nothing/here"), ("DELETE", "/api/carts"), ("GET", "/api/carts/"), ("GET", "/"), ("GET", "")],
)
async def test_what_has_no_route_goes_on_to_the_router(app: FastAPI, method: str, path: str) -> None:
    passed_on: list[str] = []

    async def router(scope: Any, _receive: Any, _send: Any) -> None:
        passed_on.append(scope["path"])

    behind = app.router.middleware_stack
    app.router.middleware_stack = router
    try:
        await dispatch.Dispatch(app)(_scope(method, path), _never, _never)
    finally:
        app.router.middleware_stack = behind
    assert passed_on == [path]


async def _route(app: Any, method: str, path: str) -> dict[str, Any]:
    """The scope as the endpoint's own application sees it: without a stack for files it goes no further."""
    scope = _scope(method, path)
    with pytest.raises(AssertionError, match="fastapi_middleware_astack"):
        await app(scope, _never, _never)
    return scope


def _scope(method: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "root_path": "", "headers": [], "query_string": b""}


async def _never(*_: Any) -> Any:
    raise AssertionError("nothing is read or sent")
