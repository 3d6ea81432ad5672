"""What the routes are, and which actions each of them performs, read from the code of their endpoints."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any, TypeGuard, get_args

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from bottega.actions.action import Action

GATEWAY = "bottega.gateway."
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# An action of one of these groups moves money or an order: repeating it by accident costs somebody something.
KEYED_GROUPS = frozenset(
    {"money", "orders", "refunds", "credits", "captures", "cancellations", "amendments", "return_requests"}
)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API: its address, its endpoint, and what it needs."""

    method: str
    path: str
    endpoint: Callable[..., Any]
    tags: tuple[str, ...]
    actions: frozenset[type[Action]]
    has_body: bool
    has_caller: bool
    has_etag: bool

    @property
    def key_required(self) -> bool:
        """Whether any of its actions must carry an idempotency key."""
        return any(needs_key(action) for action in self.actions)


def needs_key(action: type[Action]) -> bool:
    """Whether an action by HTTP must carry an idempotency key: those that move money or an order."""
    return not KEYED_GROUPS.isdisjoint(action.groups)


def routes_of(app: FastAPI) -> list[Route]:
    """Every route in the OpenAPI document, by path and method."""
    found: list[Route] = []
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, APIRoute) or not context.include_in_schema:
            continue
        endpoint, path = context.endpoint, context.path_format
        assert endpoint is not None
        assert path is not None
        names = _names_used(endpoint.__code__)
        found.extend(
            Route(
                method=method,
                path=path,
                endpoint=endpoint,
                tags=tuple(str(tag) for tag in context.tags),
                actions=actions_of(endpoint),
                has_body=context.body_field is not None,
                has_caller=_takes_caller(context.dependant),
                has_etag=method == "GET" and "answer_with_etag" in names,
            )
            for method in context.methods or ()
        )
    return sorted(found, key=lambda route: (route.path, route.method))


def actions_of(endpoint: Callable[..., Any]) -> frozenset[type[Action]]:
    """The actions that an endpoint's code names, itself or in functions of the gateway that it calls."""
    return frozenset(_actions(endpoint, set()))


def _actions(function: Callable[..., Any], seen: set[Any]) -> Iterator[type[Action]]:
    if function in seen:
        return
    seen.add(function)
    for annotation in inspect.get_annotations(function).values():
        yield from _annotated_actions(annotation)
    names = _names_used(function.__code__)
    for name in names:
        value = function.__globals__.get(name)
        candidates = [getattr(value, inner, None) for inner in names] if isinstance(value, ModuleType) else [value]
        for candidate in candidates:
            if _is_action(candidate):
                yield candidate
            elif inspect.isfunction(candidate) and candidate.__module__.startswith(GATEWAY):
                yield from _actions(candidate, seen)


def _annotated_actions(annotation: Any) -> Iterator[type[Action]]:
    if _is_action(annotation):
        yield annotation
    for inner in get_args(annotation):
        yield from _annotated_actions(inner)


def _is_action(value: Any) -> TypeGuard[type[Action]]:
    """Bases that several actions share belong to no group and are none themselves."""
    return isinstance(value, type) and issubclass(value, Action) and bool(value.groups)


def _names_used(code: CodeType) -> frozenset[str]:
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return frozenset(code.co_names).union(*map(_names_used, inner))


def _takes_caller(dependant: Any) -> bool:
    return any(
        getattr(needed.call, "__name__", "") == "current_caller" or _takes_caller(needed)
        for needed in dependant.dependencies
    )
