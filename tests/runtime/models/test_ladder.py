"""Which route a call begins with and why the others are passed over, as one table."""

from dataclasses import replace
from typing import Any

import pytest

from bottega.ports.chat_model import ChatRequest, ModelCapabilities, ToolSpec, UserMessage
from bottega.runtime.models.call import Level
from bottega.runtime.models.ladder import ladder
from bottega.runtime.models.prices import FREE, UNKNOWN
from bottega.runtime.models.route import offline_route
from tests.runtime.models.workbench import ABLE, CALL, QUESTION, offline, route, scripted

SCHEMA = {"type": "object"}
TOOL = ToolSpec("look", "Looks.", SCHEMA)


def able(**changes: Any) -> Any:
    model = scripted()
    model._capabilities = replace(ABLE, **changes)
    return model


LARGE = route("opus", "large", able(), typical_seconds=6.0)
SMALL = route("haiku", "small", able(may_see_personal_data=False, context_tokens=4_000), typical_seconds=1.0)
UNPRICED = route("novel", "small", able(), price=UNKNOWN)
LOCAL = route("llama", "local", able(tools=False, structured_output=False, streaming=False), price=FREE)
ROUTES = (SMALL, LOCAL, LARGE, UNPRICED)
INTENTS: dict[str, tuple[Level, ...]] = {
    "default": ("small", "local"),
    "chat": ("large", "small", "local", "offline"),
    "faq": ("offline", "small"),
    "offline_only": ("offline",),
}

CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], str]] = [
    # what is asked for, changes of the call, of the request, of the situation → rungs
    ("chat begins at large", {"intent": "chat"}, {}, {}, "opus haiku novel llama offline"),
    ("an intent that is not set", {"intent": "poem"}, {}, {}, "haiku novel llama offline"),
    ("rules first", {"intent": "faq"}, {}, {}, "offline? haiku novel offline"),
    ("rules only", {"intent": "offline_only"}, {}, {}, "offline"),
    ("in haste", {"intent": "chat", "latency_target_seconds": 2.0}, {}, {}, "-opus:too_slow haiku novel llama offline"),
    (
        "a route that has become slow",
        {"intent": "chat"},
        {},
        {"observed_seconds": {"haiku": 45.0}},
        "opus -haiku:too_slow novel llama offline",
    ),
    (
        "a route that is faster than was thought",
        {"intent": "chat", "latency_target_seconds": 2.0},
        {},
        {"observed_seconds": {"opus": 1.5}},
        "opus haiku novel llama offline",
    ),
    (
        "no higher than small",
        {"intent": "chat", "highest_level": "small"},
        {},
        {},
        "-opus:above_highest_level haiku novel llama offline",
    ),
    ("personal data", {"personal_data": True}, {}, {}, "-haiku:personal_data novel llama offline"),
    ("with tools", {}, {"tools": (TOOL,)}, {}, "haiku novel -llama:no_tools offline"),
    ("tools as a need", {"needs": frozenset({"tools"})}, {}, {}, "haiku novel -llama:no_tools offline"),
    ("a structure", {}, {"response_schema": SCHEMA}, {}, "haiku novel -llama:no_structured_output offline"),
    ("has to stream", {"needs": frozenset({"streaming"})}, {}, {}, "haiku novel -llama:no_streaming offline"),
    (
        "a long text",
        {},
        {"messages": (UserMessage("word " * 3_000),)},
        {},
        "-haiku:context_too_small novel llama offline",
    ),
    ("money is limited", {}, {}, {"money_is_limited": True}, "haiku -novel:price_unknown llama offline"),
    # 100 tokens of output at 4 and some input at 1 are more than 400.
    (
        "a call that may cost little",
        {"intent": "chat", "cost_limit_micros": 400},
        {},
        {},
        "-opus:over_cost_limit -haiku:over_cost_limit -novel:price_unknown llama offline",
    ),
    ("a call that may cost enough", {"cost_limit_micros": 600}, {}, {}, "haiku -novel:price_unknown llama offline"),
]


@pytest.mark.parametrize(
    ("call", "request_", "situation", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_choice(call: dict[str, Any], request_: dict[str, Any], situation: dict[str, Any], expected: str) -> None:
    rungs = ladder(
        replace(replace(CALL, intent="poem", latency_target_seconds=30.0), **call),
        replace(QUESTION, **request_),
        ROUTES,
        offline_route(offline()),
        INTENTS,
        **situation,
    )
    shown = [
        f"-{rung.route.name}:{rung.passed_over}" if rung.passed_over else rung.route.name + "?" * rung.may_pass
        for rung in rungs
    ]
    assert " ".join(shown) == expected


def test_without_settings_the_best_comes_first() -> None:
    rungs = ladder(replace(CALL, latency_target_seconds=30.0), QUESTION, ROUTES, offline_route(offline()), {})
    assert [rung.route.name for rung in rungs] == ["opus", "haiku", "novel", "llama", "offline"]
    assert [rung.reason for rung in rungs] == [
        "chat: begins at large",
        "chat: then small",
        "chat: then small",
        "chat: then local",
        "chat: the last rung",
    ]


def test_with_no_routes_the_offline_engine_answers() -> None:
    (rung,) = ladder(CALL, QUESTION, (), offline_route(offline()), {})
    assert (rung.route.name, rung.passed_over, rung.may_pass) == ("offline", None, False)


def test_the_offline_engine_is_never_passed_over() -> None:
    """It has no vision of tools, no context, and everything speaks against it: it still stands at the end."""
    engine = scripted()
    engine._capabilities = ModelCapabilities(False, False, False, 1, may_see_personal_data=False)
    call = replace(CALL, personal_data=True, needs=frozenset({"tools", "structured_output", "streaming"}))
    request = ChatRequest((UserMessage("x" * 10_000),), tools=(TOOL,), response_schema=SCHEMA)
    assert ladder(call, request, (), offline_route(engine), {})[-1].passed_over is None
