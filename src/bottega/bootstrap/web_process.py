"""What one web process serves: the application is opened when it starts and closed when it ends."""

import asyncio
import os
from contextlib import AsyncExitStack

from starlette.types import ASGIApp, Receive, Scope, Send

from bottega.bootstrap import open_application
from bottega.bootstrap.addresses import whole_site
from bottega.bootstrap.background import run_background
from bottega.bootstrap.embedder import wake_embedder
from bottega.bootstrap.preparation import prepared, settle_memory
from bottega.platform.telemetry import configure
from bottega.settings import load_settings

# Set by `serve` when this process also does a worker's work.
IN_PROCESS_WORKER = "BOTTEGA_IN_PROCESS_WORKER"


class WebProcess:
    """An ASGI application that opens the shop during the lifespan's startup."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._stack = AsyncExitStack()
        self._stop = asyncio.Event()
        self._background: asyncio.Task[None] | None = None
        self._waking: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            assert self._app is not None, "the server starts the lifespan before it serves"
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._start()
        except Exception as error:  # noqa: BLE001 - told to the server, which ends
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._end()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        settings = load_settings()
        configure(settings.log_level, settings.log_format, settings.otlp_endpoint)
        made = prepared()
        policy, described, pages = (None, None, None) if made is None else (made.policy, made.web, made.pages)
        application = await self._stack.enter_async_context(open_application(settings, policy=policy))
        if os.environ.get(IN_PROCESS_WORKER) == "1":
            self._background = asyncio.create_task(run_background(application, self._stop))
            self._background.add_done_callback(_end_with_it)
        if settings.embedder == "minilm":
            self._waking = asyncio.create_task(wake_embedder(application.services))
        self._app = whole_site(application, described, pages)
        settle_memory()
        if made is not None:
            made.coming_up.tell()

    async def _end(self) -> None:
        self._stop.set()
        if self._waking is not None:
            self._waking.cancel()
            await asyncio.gather(self._waking, return_exceptions=True)
        if self._background is not None:
            await asyncio.gather(self._background, return_exceptions=True)
        await self._stack.aclose()


def _end_with_it(task: "asyncio.Task[None]") -> None:
    """A process whose background work died is of no use: it ends, and whoever watches it starts another."""
    if not task.cancelled() and task.exception() is not None:
        os._exit(70)


def create() -> ASGIApp:
    """The factory that the web server calls in each process."""
    return WebProcess()
