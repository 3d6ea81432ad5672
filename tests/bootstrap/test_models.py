"""The router of the settings: keys from the environment, and no vendor's package before a call needs it."""

import asyncio
import os
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bottega.bootstrap import open_application
from bottega.bootstrap.models import connect_models, routes_of
from bottega.connectors.models.lazy import LazyModel
from bottega.connectors.sandbox.chat_model import ScriptedChatModel
from bottega.kernel.errors import Unavailable
from bottega.platform.clock import SystemClock
from bottega.platform.database.pool import Database
from bottega.ports import chat_model as port
from bottega.ports.chat_model import CallLimits, ChatReply, ChatRequest, Usage, UserMessage
from bottega.runtime.models.call import ModelCall
from bottega.runtime.models.models_file import ModelsFile
from bottega.runtime.models.prices import FREE, ListedPrice, SetPrice
from bottega.settings import Settings
from tests.fakes.model_formats import OpenAIFormat
from tests.fakes.model_server import model_server

REQUEST = ChatRequest((UserMessage("Hello?"),))


def models(*routes: dict[str, Any], **rest: Any) -> ModelsFile:
    return ModelsFile.model_validate({"routes": routes, **rest})


def a_route(**changes: Any) -> dict[str, Any]:
    return {
        "name": "haiku",
        "provider": "anthropic",
        "model": "claude-haiku-4-5",
        "level": "small",
        "key_env": "SOME_KEY",
        **changes,
    }


def test_a_key_comes_from_its_variable() -> None:
    (route,) = routes_of(models(a_route()), {"SOME_KEY": "sk-1", "OTHER_KEY": "sk-2"})
    assert isinstance(route.model, LazyModel)
    assert route.model._address.api_key == "sk-1"
    assert "sk-1" not in repr(route)


def test_a_key_may_stand_in_the_environment_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SOME_KEY=sk-of-the-file\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOME_KEY", raising=False)
    (route,) = routes_of(models(a_route()))
    assert isinstance(route.model, LazyModel)
    assert route.model._address.api_key == "sk-of-the-file"
    monkeypatch.setenv("SOME_KEY", "sk-of-the-environment")
    (route,) = routes_of(models(a_route()))
    assert isinstance(route.model, LazyModel)
    assert route.model._address.api_key == "sk-of-the-environment"


@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({}, ListedPrice("anthropic", "claude-haiku-4-5")),
        ({"provider": "bedrock"}, ListedPrice("aws", "claude-haiku-4-5")),
        ({"price": {"input": 1, "output": 5}}, SetPrice(Decimal(1), Decimal(5))),
        ({"provider": "compatible", "base_url": "http://127.0.0.1/v1", "price": {"input": 0, "output": 0}}, FREE),
        ({"provider": "compatible", "base_url": "http://127.0.0.1/v1", "level": "local"}, FREE),
    ],
)
def test_where_a_price_comes_from(changes: dict[str, Any], price: Any) -> None:
    (route,) = routes_of(models(a_route(**changes)), {})
    assert route.price == price


def test_prices_are_told_in_the_currency_of_the_file() -> None:
    (route,) = routes_of(models(a_route(), currency="EUR", per_dollar="0.9"), {})
    assert route.price.cost_micros(Usage(1_000, 0)) == 900


async def test_a_model_is_opened_by_its_first_call_and_answers() -> None:
    async with model_server(OpenAIFormat()) as server:
        local = a_route(name="llama", provider="compatible", level="local", base_url=f"{server.url}/v1")
        (route,) = routes_of(models(local), {})
        assert isinstance(route.model, LazyModel)
        assert not route.model.is_open
        server.will(ChatReply("Hello.", usage=Usage(3, 1)), ChatReply("Hello again.", usage=Usage(3, 2)))
        assert (await route.model.complete(REQUEST)).text == "Hello."
        assert route.model.is_open
        items = [item async for item in route.model.stream(REQUEST)]
        assert isinstance(items[-1], ChatReply)
        assert items[-1].text == "Hello again."
        await route.model.close()


async def test_a_model_that_cannot_be_opened_is_not_there() -> None:
    (route,) = routes_of(models(a_route(provider="bedrock", model="m", region="not a region!")), {})
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            await route.model.complete(REQUEST)
        assert caught.value.code == port.NOT_PERMITTED
    await route.model.close()


async def test_the_router_of_a_file(database_url: str, tmp_path: Path) -> None:
    database = await Database.open(database_url, writers=2, readers=2)
    async with model_server(OpenAIFormat()) as server:
        path = tmp_path / "models.toml"
        path.write_text(
            f"""
            [[routes]]
            name = "llama"
            provider = "compatible"
            level = "local"
            model = "llama3.2"
            base_url = "{server.url}/v1"
            [intents]
            default = ["local"]
            """,
            encoding="utf-8",
        )
        settings = Settings(models=path, data_dir=tmp_path)  # pyright: ignore[reportCallIssue] - aliases
        engine = ScriptedChatModel(lambda *_: ChatReply("Rules."), name="offline")
        router = connect_models(settings, database, SystemClock(), offline=engine, secret=b"s" * 32)
        server.will(ChatReply("Hello.", usage=Usage(3, 1)))
        reply = await router.complete(ModelCall("chat", "assistant"), REQUEST)
        assert (reply.route, reply.reply.text, reply.cost_micros) == ("llama", "Hello.", 0)
        assert [route.name for route in router.routes] == ["llama", "offline"]
        await router.close()
    await database.close()


SCRIPT = """
import sys
from decimal import Decimal
from bottega.bootstrap import open_application
from bottega.bootstrap.models import routes_of
from bottega.runtime.models.models_file import ModelsFile
import bottega.runtime.models.router
routes_of(ModelsFile.model_validate({"routes": [
    {"name": provider, "provider": provider, "level": "local", "model": "m", "base_url": "http://127.0.0.1/v1"}
    for provider in ("anthropic", "openai", "google", "bedrock", "compatible")
]}), {})
heavy = {"anthropic", "boto3", "botocore", "genai_prices", "google.genai", "httpx2", "openai", "pydantic_ai"}
print(sorted(heavy & set(sys.modules)))
"""


def test_nothing_of_a_vendor_is_loaded_for_a_route_that_nobody_asks() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert shown.stdout.strip() == "[]"


async def test_the_agents_of_an_application_ask_the_models_of_its_file(database_url: str, tmp_path: Path) -> None:
    async with model_server(OpenAIFormat()) as server:
        path = tmp_path / "models.json"
        llama = a_route(name="llama", provider="compatible", level="local", base_url=f"{server.url}/v1", warm_up=True)
        path.write_text(models(llama, intents={"chat": ["local"]}).model_dump_json(), encoding="utf-8")
        server.will(ChatReply("ready", usage=Usage(3, 1)), ChatReply("Two are left.", usage=Usage(3, 1)))
        settings = Settings(DATABASE_URL=database_url, models=path, data_dir=tmp_path, embedder="none")  # pyright: ignore[reportCallIssue] - aliases
        async with open_application(settings) as application:
            router = (await application.agents.started()).parts.router
            await asyncio.wait_for(server.has_been_asked(1), 60)
            reply = await router.complete(ModelCall("chat", "assistant", latency_target_seconds=60), REQUEST)
            assert (reply.route, reply.reply.text) == ("llama", "Two are left.")
            async with application.database.read() as connection:
                lines = await connection.fetch("SELECT intent, route FROM runtime.model_calls")
            assert sorted(tuple(line) for line in lines) == [("chat", "llama"), ("warm_up", "llama")]


async def test_a_model_that_is_still_loading_is_not_waited_for_beyond_the_limits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (route,) = routes_of(models(a_route(provider="compatible", level="local", base_url="http://127.0.0.1/v1")), {})
    assert isinstance(route.model, LazyModel)
    loaded = threading.Event()
    engine = ScriptedChatModel(lambda *_: ChatReply("Hello."))

    def load() -> ScriptedChatModel:
        loaded.wait(5)
        return engine

    monkeypatch.setattr(route.model, "_open", load)
    with pytest.raises(Unavailable) as caught:
        await route.model.complete(REQUEST, limits=CallLimits(total_seconds=0.2))
    assert (caught.value.code, caught.value.retry_after_seconds) == (port.LOADING, 2.0)
    loaded.set()
    assert (await route.model.complete(REQUEST)).text == "Hello."
    assert len(engine.requests) == 1
