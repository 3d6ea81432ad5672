"""The web application: routes, limits and the error map put together."""

import importlib
import pkgutil
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.responses import Response

import bottega.gateway.api
from bottega import __version__
from bottega.entrance.context import ServingContext
from bottega.gateway import chat_socket, dispatch, problems
from bottega.gateway.answers import answer
from bottega.gateway.envelope import Envelope
from bottega.gateway.openapi import complete_document
from bottega.gateway.rate_limited import RateLimited

DESCRIPTION = (
    "Every change is an action decided by policy and written to a verifiable log. Send `Idempotency-Key` with "
    "writes; refusals are `application/problem+json` with a stable code and the next step."
)


def create_app(context: ServingContext, app: FastAPI | None = None) -> FastAPI:
    """The ASGI application of one web process; out of an unused `described()` when there is one already."""
    app = app or described()
    app.state.context = context
    app.add_middleware(RateLimited, rate_limits=context.rate_limits, trusted_proxies=context.trusted_proxies)
    app.add_middleware(Envelope)
    dispatch.install(app)
    return app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document, without a shop behind it."""
    return complete_document(described())


def described() -> FastAPI:
    app = FastAPI(
        title="Bottega",
        version=__version__,
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
    )
    app.openapi = partial(_openapi, app)
    problems.install(app)
    for module in sorted(pkgutil.iter_modules(bottega.gateway.api.__path__), key=lambda found: found.name):
        routes = importlib.import_module(f"bottega.gateway.api.{module.name}")
        app.include_router(routes.router, prefix="/api")
    app.include_router(chat_socket.router, prefix="/api")
    app.add_api_route("/healthz", _health, include_in_schema=False)
    return app


def _operation_id(route: APIRoute) -> str:
    """File and function, which no two routes share and which stay when an address changes: `orders_show`."""
    return f"{route.endpoint.__module__.rpartition('.')[2]}_{route.endpoint.__name__}"


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = complete_document(app)
    return app.openapi_schema


async def _health() -> Response:
    return answer({"status": "ok", "version": __version__})
