"""`serve` and `worker`: the processes of a running shop."""

import asyncio
import gc
import multiprocessing
import os
import signal
from typing import Annotated

import typer
from rich.console import Console

from bottega.cli.refusals import shown
from bottega.settings import Settings, load_settings

GRACE_SECONDS = 25
# Read by the web process, see bootstrap/web_process.py.
IN_PROCESS_WORKER = "BOTTEGA_IN_PROCESS_WORKER"
HOST, PORT = "BOTTEGA_HOST", "BOTTEGA_PORT"


def register(app: typer.Typer) -> None:
    """Adds the two commands."""
    app.command("serve")(serve)
    app.command("worker")(worker)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default from the settings.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default from the settings.")] = None,
    workers: Annotated[int | None, typer.Option(help="Web processes; with one, it does the worker's work too.")] = None,
) -> None:
    """Serve the shop's API until interrupted, with a worker beside it."""
    with shown():
        settings = listening_on(host, port)
    run_server(settings, workers or settings.web_workers)


def listening_on(host: str | None, port: int | None) -> Settings:
    """The settings with an address that was given on the command line; further processes of the shop read it too, as
    the links that they send out lead there."""
    for name, given in ((HOST, host), (PORT, port)):
        if given is not None:
            os.environ[name] = str(given)
    return load_settings()


def run_server(settings: Settings, workers: int) -> None:
    """Granian with the application's factory; with several web processes the worker is a process of its own.

    Where processes are made by forking, this one imports and prepares everything first, while the embedded database
    starts: the others start at once and share its memory. A web process, a worker or an embedded database that was
    killed is started again.
    """
    from bottega.cli.early_database import begin_to_start, can_inherit

    if can_inherit():
        # Until everything is prepared.
        gc.disable()
    data_directory = settings.data_dir if settings.database_url is None else None
    starter = begin_to_start(data_directory) if data_directory is not None and can_inherit() else None

    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels

    from bottega.bootstrap.preparation import prepare, prepared
    from bottega.cli.keep_up import Keeper
    from bottega.cli.web_server import WebServer

    os.environ[IN_PROCESS_WORKER] = "1" if workers == 1 else "0"
    if can_inherit():
        with shown():
            prepare(settings)
    helper = None if workers == 1 else multiprocessing.Process(target=worker, name="worker")
    if helper is not None:
        helper.start()
    keeper = Keeper(helper, data_directory, starter)
    keeper.start()

    made = prepared()
    server = WebServer(
        None if made is None else made.coming_up,
        address=settings.host,
        port=settings.port,
        workers=workers,
        interface=Interfaces.ASGI,
        loop=Loops.auto,
        websockets=True,
        workers_kill_timeout=GRACE_SECONDS,
        log_level=LogLevels.debug if settings.log_level == "debug" else LogLevels.warning,
    )
    try:
        server.serve()
    finally:
        keeper.end(GRACE_SECONDS)


def worker() -> None:
    """Do the work behind the pages until interrupted: jobs, effects, sealing the log, following it."""
    with shown():
        asyncio.run(_work())


async def _work() -> None:
    from bottega.bootstrap import open_application
    from bottega.bootstrap.background import run_background
    from bottega.bootstrap.preparation import prepared, settle_memory
    from bottega.platform.telemetry import configure

    settings = load_settings()
    configure(settings.log_level, settings.log_format, settings.otlp_endpoint)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    made = prepared()
    async with open_application(settings, policy=None if made is None else made.policy) as application:
        settle_memory()
        Console(stderr=True).print("worker: running")
        await run_background(application, stop)
