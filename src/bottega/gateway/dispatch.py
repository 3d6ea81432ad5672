"""Finding the route of a request by the shape of its address, instead of trying one route after the other."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.convertors import StringConvertor
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

# Of `/api/orders/ord_1/payments`: how many segments, and the literal one that says which part of the shop it is about.
Shape = tuple[str, int, str]
TELLING_SEGMENT = 2


class Dispatch:
    """Stands before the router: what it cannot place (404, 405, redirects) and what is traced goes on to that.

    Measured: trying 160 routes in turn cost 0.3 ms of each request, more than everything else around a handler.
    """

    def __init__(self, app: FastAPI) -> None:
        self._router = app.router
        self._otherwise: ASGIApp = app.router.middleware_stack
        self._routes: dict[Shape, list[Any]] = {}
        for context in iter_route_contexts(app.routes):
            if isinstance(context.original_route, APIRoute):
                assert context.path_format is not None
                converted = context.param_convertors.values()
                assert all(type(each) is StringConvertor for each in converted), "a parameter is one segment"
                for method in context.methods or ():
                    shape = _shape(method, context.path_format)
                    assert "{" not in shape[-1], f"{context.path_format} does not say what it is about"
                    self._routes.setdefault(shape, []).append(context)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("fastapi.telemetry") is None and not scope.get("root_path"):
            for context in self._routes.get(_shape(scope["method"], scope["path"]), ()):
                match, found = context.matches(scope)
                if match is Match.FULL:
                    scope.update(found, route=context.original_route, router=self._router)
                    await context.app(scope, receive, send)
                    return
        await self._otherwise(scope, receive, send)


def _shape(method: str, path: str) -> Shape:
    segments = path.split("/")
    return method, len(segments), segments[TELLING_SEGMENT] if len(segments) > TELLING_SEGMENT else ""


def install(app: FastAPI) -> None:
    """Puts the dispatch between the application's middleware and its router, once all routes are there."""
    app.router.middleware_stack = Dispatch(app)
