"""`bottega documents`: what the shop's documents say, which of them are cited, and bringing them up to date."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bottega.actions.action import Action
from bottega.cli.context import open_application
from bottega.cli.effects import OPERATOR
from bottega.cli.progress import shown_progress
from bottega.cli.refusals import shown, write_json
from bottega.kernel.identifiers import check_id
from bottega.runtime.knowledge.actions import RestoreDocument, WithdrawDocument
from bottega.runtime.knowledge.model import FoundPassage, IngestSummary
from bottega.runtime.knowledge.queries import list_documents

DocumentId = Annotated[str, typer.Argument(metavar="ID")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(no_args_is_help=True, help="Documents: policies and other texts that the assistant quotes.")


@app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List documents with their version and whether they are cited."""
    with shown(as_json=as_json):
        documents = asyncio.run(_listed())
        if as_json:
            write_json({"documents": documents})
        else:
            _print_table(documents)


@app.command()
def ingest(as_json: AsJson = False) -> None:
    """Read what is new or changed in the folders of documents; a worker does so every minute by itself."""
    with shown(as_json=as_json):
        summaries = asyncio.run(_ingested(hidden=as_json))
        if as_json:
            write_json({name: asdict(summary) for name, summary in summaries.items()})
        else:
            _print_summaries(summaries)


@app.command()
def find(
    words: Annotated[list[str], typer.Argument(help="A question.")],
    limit: Annotated[int, typer.Option(min=1, max=20, help="At most so many passages.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Find the passages that answer a question, as the assistant would cite them."""
    with shown(as_json=as_json):
        found = asyncio.run(_found(" ".join(words), limit))
        if as_json:
            write_json({"passages": [_plain(passage) for passage in found]})
        else:
            _print_passages(found)


@app.command()
def withdraw(
    document_id: DocumentId,
    reason: Annotated[str, typer.Option(help="Why it is taken out of use.")],
    as_json: AsJson = False,
) -> None:
    """Take a document out of use at once, whatever its file says."""
    with shown(as_json=as_json):
        _decide(WithdrawDocument(document_id=check_id(document_id, "doc"), reason=reason), as_json)


@app.command()
def restore(document_id: DocumentId, as_json: AsJson = False) -> None:
    """Put a withdrawn document back into use."""
    with shown(as_json=as_json):
        _decide(RestoreDocument(document_id=check_id(document_id, "doc")), as_json)


async def _listed() -> list[dict[str, Any]]:
    async with open_application() as application, application.database.read() as connection:
        return await list_documents(connection, application.clock.now(), limit=200)


async def _ingested(*, hidden: bool) -> dict[str, IngestSummary]:
    with shown_progress("documents", hidden=hidden) as tell:
        async with open_application() as application:
            return await application.knowledge.ingest_all(tell)


async def _found(question: str, limit: int) -> list[FoundPassage]:
    async with open_application() as application:
        return list((await application.knowledge.find(question, limit=limit)).passages)


def _decide(action: Action, as_json: bool) -> None:
    async def perform() -> dict[str, Any]:
        async with open_application() as application:
            return (await application.performer.perform(action, by=OPERATOR)).unwrap()

    decided = asyncio.run(perform())
    if as_json:
        write_json(decided)
    else:
        print(f"{decided['path']} is {decided['state']}")


def _plain(passage: FoundPassage) -> dict[str, Any]:
    citation = passage.citation.model_dump(mode="json")
    return {"citation": citation, "text": passage.text, "score": round(passage.score, 4), "trust": passage.trust}


def _print_table(documents: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "document", "version", "passages", "cited", "standing"):
        table.add_column(heading, justify="right" if heading in ("passages", "cited") else "left", overflow="fold")
    for row in documents:
        standing = row["standing"] if not row["reason"] else f"{row['standing']}: {row['reason']}"
        cells = [row["id"], f"{row['source']}/{row['path']}", row["version"] or "", str(row["passages"])]
        table.add_row(*map(Text, [*cells, str(row["cited"]), standing]))
    Console().print(table)


def _print_summaries(summaries: dict[str, IngestSummary]) -> None:
    for name, summary in summaries.items():
        print(
            f"{name}: {summary.read} read: {summary.created} created, {summary.updated} updated, "
            f"{summary.unchanged} unchanged, {summary.missing} missing, {len(summary.rejected)} rejected"
        )
        for problem in summary.rejected:
            print(f"  {problem.path}: {problem.reason}")


def _print_passages(found: list[FoundPassage]) -> None:
    console = Console()
    if not found:
        console.print("no document answers that")
    for passage in found:
        cited = passage.citation
        place = f"{cited.document}, {cited.section}" if cited.section else cited.document
        console.print(Text(f"{place} (version {cited.version}, {cited.age_days} days old)", style="bold"))
        console.print(Text(passage.text))
        console.print()
