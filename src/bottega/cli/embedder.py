"""`bottega embedder`: start, stop and look at the model that search understands meaning with."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Annotated, Any

import typer
from rich.console import Console

from bottega.bootstrap.embedder import connect_embedder, local_embedder
from bottega.cli.refusals import shown, write_json
from bottega.settings import load_settings

EXIT_NOT_READY = 3
START_TIMEOUT_SECONDS = 1_000.0

NAME = "embedder"
app = typer.Typer(no_args_is_help=True, help="The model that search understands meaning with.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for; the first start may download 91 MB.", min=1)]


@app.command()
def start(timeout: Timeout = START_TIMEOUT_SECONDS, as_json: AsJson = False) -> None:
    """Start this machine's embedder process, or find it running, and wait until the model is loaded."""
    _run(_start(timeout), as_json)


@app.command()
def stop(as_json: AsJson = False) -> None:
    """End this machine's embedder process; it starts again when a text is to be understood."""
    _run(_stop(), as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say which embedder there is and how it is; starts nothing. Exit code 3 when it is not ready."""
    record = _run(_status(), as_json)
    if record["state"] != "ready":
        raise typer.Exit(EXIT_NOT_READY)


def _run(work: Coroutine[Any, Any, dict[str, Any]], as_json: bool) -> dict[str, Any]:
    with shown(as_json=as_json):
        record = asyncio.run(work)
    if as_json:
        write_json(record)
    else:
        console = Console()
        console.print(f"embedder {record['state']}", highlight=False)
        for name, value in record.items():
            if name != "state" and value not in (None, ""):
                console.print(f"  {name.replace('_', ' ')}: {value}", markup=False, highlight=False, soft_wrap=True)
    return record


async def _start(timeout_seconds: float) -> dict[str, Any]:
    embedder = local_embedder(load_settings())
    began = time.monotonic()
    try:
        await embedder.wait_ready(timeout_seconds=timeout_seconds)
        process = await embedder.status()
        return {
            "state": "ready",
            "model": embedder.model,
            "process_id": None if process is None else process["process_id"],
            "waited_seconds": round(time.monotonic() - began, 2),
        }
    finally:
        await embedder.close()


async def _stop() -> dict[str, Any]:
    embedder = local_embedder(load_settings())
    try:
        return {"state": "stopped", "was_running": await embedder.stop_process()}
    finally:
        await embedder.close()


async def _status() -> dict[str, Any]:
    settings = load_settings()
    embedder = connect_embedder(settings)
    if embedder is None:
        return {"state": "off", "embedder": "none", "reason": "BOTTEGA_EMBEDDER is none: search goes by keyword alone."}
    try:
        health = await embedder.health()
    finally:
        await embedder.close()
    record: dict[str, Any] = {
        "state": health.state,
        "embedder": settings.embedder,
        "model": health.model,
        "dimensions": health.dimensions,
        "reason": health.reason,
    }
    return {**record, **(await _process_of_minilm() if settings.embedder == "minilm" else {})}


async def _process_of_minilm() -> dict[str, Any]:
    embedder = local_embedder(load_settings())
    try:
        process = await embedder.status() or {}
    finally:
        await embedder.close()
    names = ("process_id", "uptime_seconds", "connections", "waiting", "queries", "passages", "refused")
    return {**{name: process[name] for name in names if name in process}, "log_file": str(embedder.log_file)}
