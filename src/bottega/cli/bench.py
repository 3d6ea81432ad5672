"""`bottega bench`: the benchmarks of the source tree, as a command."""

import importlib
from typing import Annotated, Any

import typer

from bottega.cli.refusals import shown
from bottega.kernel.errors import NotFound

app = typer.Typer(no_args_is_help=True, help="Benchmarks; they need the source tree.")


@app.command()
def agents(
    seconds: Annotated[float, typer.Option(help="How long each load lasts.", min=1)] = 5.0,
    concurrency: Annotated[int, typer.Option(help="How many conversations at once.", min=1, max=64)] = 8,
) -> None:
    """Durable turns of agents beside the same turn on bare pydantic-ai."""
    with shown():
        _benchmark("agents").main(["--seconds", str(seconds), "--concurrency", str(concurrency)])


def _benchmark(name: str) -> Any:
    try:
        return importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        if error.name not in ("benchmarks", f"benchmarks.{name}"):
            raise
        raise NotFound(
            "no_source_tree", "The benchmarks are not installed.", next_step="Run this in the source tree."
        ) from None
