"""Each vendor's connector over a local server that speaks the vendor's format."""

import importlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp.test_utils import unused_port

from bottega.connectors.models.address import ModelAddress
from bottega.connectors.sandbox.chat_model import FaultKind, Turn
from bottega.ports.chat_model import CallLimits, ChatModel
from tests.contracts.chat_workshop import ChatWorkshop
from tests.fakes.model_cloud_formats import BedrockFormat, GoogleFormat
from tests.fakes.model_formats import MODEL, AnthropicFormat, Format, OpenAIFormat
from tests.fakes.model_server import ModelServer, model_server


@dataclass(frozen=True)
class Vendor:
    """A connector, its format, and what its address looks like on a server."""

    module: str
    form: type[Any]
    path: str = ""
    opener: str = "open_model"
    model: str = MODEL
    unsupported: frozenset[FaultKind] = frozenset()

    def open(self, base_url: str, **changes: Any) -> ChatModel:
        module = importlib.import_module(f"bottega.connectors.models.{self.module}")
        # Bedrock's library takes its times when it is opened, and signs with the keys of the environment.
        limits = CallLimits(connect_seconds=0.5, total_seconds=20)
        settings: dict[str, Any] = {"api_key": "key-of-the-tests", "limits": limits}
        if self.module == "bedrock":
            settings |= {"api_key": None, "region": "eu-west-1"}
        settings |= changes
        address = ModelAddress("tested", self.model, base_url + self.path, **settings)
        opened: ChatModel = getattr(module, self.opener)(address)
        return opened


VENDORS = {
    "openai": Vendor("openai", OpenAIFormat, "/v1"),
    "compatible": Vendor("openai", OpenAIFormat, "/v1", "open_compatible_model"),
    "anthropic": Vendor("anthropic", AnthropicFormat, unsupported=frozenset({"quota_exhausted"})),
    "google": Vendor("google", GoogleFormat),
    "bedrock": Vendor("bedrock", BedrockFormat, model="eu.amazon.nova-lite-v1:0"),
}


class VendorWorkshop(ChatWorkshop):
    def __init__(self, vendor: Vendor, server: ModelServer) -> None:
        self.vendor = vendor
        self.server = server
        self.model = vendor.open(server.url)
        self.unsupported = vendor.unsupported
        self._own_model = self.model
        self._opened = [self.model]

    def begin_again(self) -> None:
        """For the next test: opening a vendor's package takes longer than most tests."""
        self.server.begin_again()
        self.model = self._own_model

    def will(self, *turns: Turn) -> None:
        self.server.will(*turns)

    def asked(self) -> int:
        return len(self.server.requests)

    def unreachable(self) -> ChatModel:
        self._opened.append(self.vendor.open(f"http://127.0.0.1:{unused_port()}"))
        return self._opened[-1]

    async def close(self) -> None:
        for model in self._opened:
            await model.close()


@asynccontextmanager
async def workshop_of(name: str) -> AsyncGenerator[VendorWorkshop]:
    vendor = VENDORS[name]
    form: Format = vendor.form()
    async with model_server(form) as server:
        workshop = VendorWorkshop(vendor, server)
        yield workshop
        await workshop.close()
