"""A model that is opened when it is first asked: vendors' packages take seconds and tens of megabytes to load."""

import asyncio
import importlib
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal

import structlog

from bottega.connectors.models.address import ModelAddress
from bottega.kernel.errors import Refusal, Unavailable
from bottega.ports.chat_model import (
    DEFAULT_LIMITS,
    LOADING,
    NOT_PERMITTED,
    CallLimits,
    ChatModel,
    ChatReply,
    ChatRequest,
    Delta,
    ModelCapabilities,
)

log = structlog.get_logger(__name__)

Provider = Literal["anthropic", "openai", "google", "bedrock", "compatible"]

_OPENERS: dict[Provider, tuple[str, str]] = {
    "anthropic": ("anthropic", "open_model"),
    "openai": ("openai", "open_model"),
    "google": ("google", "open_model"),
    "bedrock": ("bedrock", "open_model"),
    "compatible": ("openai", "open_compatible_model"),
}


class LazyModel:
    """Implements `ChatModel` by the vendor's connector, loaded in a thread by the first call that needs it."""

    def __init__(self, provider: Provider, address: ModelAddress) -> None:
        self._provider: Provider = provider
        self._address = address
        self._opening: asyncio.Task[ChatModel] | None = None

    @property
    def name(self) -> str:
        return self._address.name

    @property
    def capabilities(self) -> ModelCapabilities:
        return self._address.capabilities

    @property
    def is_open(self) -> bool:
        """Whether the vendor's package has been loaded for it."""
        return self._opening is not None and self._opening.done()

    async def complete(self, request: ChatRequest, *, limits: CallLimits = DEFAULT_LIMITS) -> ChatReply:
        model, limits = await self._model(limits)
        return await model.complete(request, limits=limits)

    async def stream(
        self, request: ChatRequest, *, limits: CallLimits = DEFAULT_LIMITS
    ) -> AsyncGenerator[Delta | ChatReply]:
        model, limits = await self._model(limits)
        async with aclosing(model.stream(request, limits=limits)) as items:
            async for item in items:
                yield item

    async def close(self) -> None:
        if self._opening is not None and not _failed(self._opening):
            await (await self._opening).close()

    async def _model(self, limits: CallLimits) -> tuple[ChatModel, CallLimits]:
        """The opened model, and what is left of the limits when it had to be loaded first."""
        if self._opening is None or _failed(self._opening):
            self._opening = asyncio.create_task(asyncio.to_thread(self._open), name=f"open {self.name}")
        if self._opening.done():
            return self._opening.result(), limits
        begun = time.monotonic()
        try:
            async with asyncio.timeout(limits.total_seconds):
                # Shielded: a caller that gives up must not stop the loading for the others.
                model = await asyncio.shield(self._opening)
        except TimeoutError:
            raise Unavailable(
                LOADING, f"The connector of the model '{self.name}' is still loading.", retry_after_seconds=2.0
            ) from None
        return model, limits.within(max(0.05, limits.total_seconds - (time.monotonic() - begun)))

    def _open(self) -> ChatModel:
        module, opener = _OPENERS[self._provider]
        try:
            connector = importlib.import_module(f"bottega.connectors.models.{module}")
            opened: ChatModel = getattr(connector, opener)(self._address)
        except Refusal:
            raise
        # Vendors' packages check addresses, regions and keys in their own ways; none of it is worth the process.
        except Exception as error:
            log.exception("model_not_opened", model=self.name)
            raise Unavailable(
                NOT_PERMITTED,
                f"The model '{self.name}' cannot be set up: {type(error).__name__}.",
                next_step="Check its address, region and key in the models' settings.",
            ) from error
        return opened


def _failed(opening: asyncio.Task[ChatModel]) -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None)
