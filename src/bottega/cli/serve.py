"""`serve` and `worker`: the processes of a running shop."""

import asyncio
import os
import signal
import subprocess
import sys
from typing import Annotated

import typer
from rich.console import Console

from bottega.cli.refusals import shown
from bottega.settings import Settings, load_settings

GRACE_SECONDS = 25
# Read by the web process, see bootstrap/web_process.py; imported there only, since this process stays small.
IN_PROCESS_WORKER = "BOTTEGA_IN_PROCESS_WORKER"


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
        settings = load_settings()
    run_server(settings, host or settings.host, port or settings.port, workers or settings.web_workers)


def run_server(settings: Settings, host: str, port: int, workers: int) -> None:
    """Granian with the application's factory; with several web processes the worker is a process of its own."""
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels
    from granian.server import Server

    os.environ[IN_PROCESS_WORKER] = "1" if workers == 1 else "0"
    helper = None if workers == 1 else subprocess.Popen([sys.executable, "-m", "bottega", "worker"])
    server = Server(
        "bottega.bootstrap.web_process:create",
        factory=True,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        loop=Loops.auto,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE_SECONDS,
        log_level=LogLevels.debug if settings.log_level == "debug" else LogLevels.warning,
    )
    try:
        server.serve()
    finally:
        if helper is not None:
            helper.send_signal(signal.SIGTERM)
            helper.wait(GRACE_SECONDS)


def worker() -> None:
    """Do the work behind the pages until interrupted: jobs, effects, sealing the log, following it."""
    with shown():
        asyncio.run(_work())


async def _work() -> None:
    from bottega.bootstrap import open_application
    from bottega.bootstrap.background import run_background
    from bottega.platform.telemetry import configure

    settings = load_settings()
    configure(settings.log_level, settings.log_format, settings.otlp_endpoint)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_application(settings) as application:
        Console(stderr=True).print("worker: running")
        await run_background(application, stop)
