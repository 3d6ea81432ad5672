"""`bottega language`: train the assistant's intent classifier, and see how it reads a message."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from bottega.agents.assistant.language import ENGLISH, own_classifier_folder
from bottega.bootstrap.embedder import connect_embedder
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Conflict
from bottega.ports.embedder import Embedder
from bottega.settings import load_settings

NAME = "language"
app = typer.Typer(no_args_is_help=True, help="What the assistant understands when no model is there.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def train(
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; by default the shop's data directory.", file_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train the intent classifier from its authored examples with the embedder of the settings; takes minutes."""
    with shown(as_json=as_json):
        record = asyncio.run(_train(out, quiet=as_json))
    if as_json:
        write_json(record)
    else:
        Console().print(f"Wrote {record['file']}.", highlight=False, soft_wrap=True)


@app.command()
def read(text: Annotated[str, typer.Argument(help="What a customer might say.")], as_json: AsJson = False) -> None:
    """Say which intents a message has, how probable each is, and whether the first is sure."""
    with shown(as_json=as_json):
        record = asyncio.run(_read(text))
    if as_json:
        write_json(record)
        return
    console = Console()
    console.print(f"{'sure' if record['sure'] else 'unsure'}, read by {record['by']}", highlight=False)
    for guess in record["guesses"]:
        console.print(f"  {guess['probability']:.3f}  {guess['intent']}", highlight=False)


async def _train(out: Path | None, *, quiet: bool) -> dict[str, Any]:
    from bottega.runtime.models.offline.classifier import save
    from bottega.runtime.models.offline.teaching import FILE_NAME, teach

    settings = load_settings()
    embedder = connect_embedder(settings)
    if embedder is None:
        raise Conflict(
            "no_embedder",
            "The settings name no embedder, and the classifier is trained with one.",
            next_step="Set BOTTEGA_EMBEDDER, for training at least.",
        )
    console = Console(stderr=True, quiet=quiet)
    try:
        classifier = await teach(ENGLISH, embedder, tell=lambda told: console.print(told, highlight=False))
    finally:
        await embedder.close()
    folder = own_classifier_folder(settings.data_dir) if out is None else out
    folder.mkdir(parents=True, exist_ok=True)
    save(classifier, folder / FILE_NAME)
    return {
        "file": str(folder / FILE_NAME),
        "embedder": classifier.provenance.embedder_model,
        "examples": classifier.provenance.examples,
        "threshold": classifier.with_meaning.threshold,
    }


async def _read(text: str) -> dict[str, Any]:
    from bottega.runtime.models.offline.intents import IntentReader
    from bottega.runtime.models.offline.teaching import find_classifier

    settings = load_settings()
    embedder: Embedder | None = connect_embedder(settings)
    try:
        model = None if embedder is None else embedder.model
        reader = IntentReader(find_classifier(ENGLISH, own_classifier_folder(settings.data_dir), model), embedder)
        reading = await reader.read(text)
    finally:
        if embedder is not None:
            await embedder.close()
    return {
        "sure": reading.is_sure,
        "by": reading.by,
        "degraded_because": reading.degraded_because,
        "guesses": [{"intent": guess.intent, "probability": guess.probability} for guess in reading.guesses],
    }
