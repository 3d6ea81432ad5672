"""What a worker does besides answering requests: sealing the log, following it, jobs, and due effects."""

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import structlog

import bottega.shop
from bottega.actions.log.anchor import FileAnchor
from bottega.actions.log.readers import LogReader, ReaderRunner
from bottega.actions.log.sealer import Sealer
from bottega.actions.log.signing import SigningKey
from bottega.bootstrap import Application, derived_secret, staffed

log = structlog.get_logger(__name__)

EFFECT_POLL_SECONDS = 1.0


def signing_key(application: Application) -> SigningKey:
    """The key that signs the log's heads."""
    return SigningKey.from_secret(derived_secret(application.settings, "log signing"))


def anchor(application: Application) -> FileAnchor:
    """Where the newest head is kept outside the database."""
    return FileAnchor(application.settings.data_dir / "log-anchor.json")


def log_readers(application: Application) -> list[LogReader]:
    """The readers that the shop's modules offer, each by a function `log_readers(application)`."""
    found: list[LogReader] = []
    for module in pkgutil.walk_packages(bottega.shop.__path__, "bottega.shop."):
        offer: Any = getattr(importlib.import_module(module.name), "log_readers", None)
        if offer is not None:
            found.extend(offer(application))
    return found


async def run_background(application: Application, stop: asyncio.Event) -> None:
    """Runs it all until `stop` is set; a part that fails for good ends the others and is raised."""
    # Imported here: web processes beside a worker never need it.
    from bottega.platform.jobs.worker import Worker

    dsn = application.database.dsn
    sealer = Sealer(dsn, signing_key(application), application.clock, anchor=anchor(application))
    readers = ReaderRunner(application.database, log_readers(application), application.clock)
    application.performer.when_done.append(sealer.wake)
    context = await staffed(application)
    parts = {
        "sealer": sealer.run(stop),
        "readers": readers.run(stop),
        "jobs": Worker(dsn, context).run(stop),
        "effects": _drive_effects(application, stop),
    }
    tasks = [asyncio.create_task(part, name=name) for name, part in parts.items()]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        stop.set()
        application.performer.when_done.remove(sealer.wake)
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def working(application: Application) -> AsyncGenerator[None]:
    """The background work, for as long as the block lasts; for commands that need no worker beside them."""
    stop = asyncio.Event()
    background = asyncio.create_task(run_background(application, stop))
    try:
        yield
    finally:
        stop.set()
        await background


async def catch_up(application: Application) -> int:
    """Seals what is committed and lets every reader read it (the search index, say); returns the entries read."""
    sealer = Sealer(application.database.dsn, signing_key(application), application.clock, anchor=anchor(application))
    try:
        await sealer.seal_all()
    finally:
        await sealer.close()
    return await ReaderRunner(application.database, log_readers(application), application.clock).read_all()


async def _drive_effects(application: Application, stop: asyncio.Event) -> None:
    """Sends what is due, woken by actions of this process and looking each second for what others left."""
    woken = asyncio.Event()

    def wake(effects: Any) -> None:
        if any(not effect.claimed for effect in effects):
            woken.set()

    application.performer.when_done.append(wake)
    try:
        while not stop.is_set():
            woken.clear()
            try:
                driven = await application.effects.drive_due()
            except Exception as error:  # noqa: BLE001 - the database may be away; what is due stays due
                log.warning("effects_wait", error=type(error).__name__)
                driven = 0
            if driven == 0:
                await _first(stop, woken, EFFECT_POLL_SECONDS)
    finally:
        application.performer.when_done.remove(wake)


async def _first(stop: asyncio.Event, woken: asyncio.Event, timeout_seconds: float) -> None:
    waits = [asyncio.create_task(stop.wait()), asyncio.create_task(woken.wait())]
    try:
        await asyncio.wait(waits, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
