"""How well questions find the passages that answer them.

`python benchmarks/knowledge.py [--documents FOLDER] [--questions FILE] [--json]`. FILE has one JSON object per line:
`{"question", "document", "section"}`, or `"document": null` where no document answers. Prints the share of questions
whose first, and whose first three passages hold the right section, by words alone and with meaning, and how often
nothing was cited where nothing should be.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bottega import demo_shop
from bottega.bootstrap.embedder import connect_embedder
from bottega.platform.clock import SystemClock
from bottega.platform.database import embedded
from bottega.platform.database.migrate import migrate
from bottega.platform.database.pool import Database
from bottega.ports.embedder import Embedder
from bottega.runtime.knowledge.folder import DocumentFolder
from bottega.runtime.knowledge.library import Library
from bottega.settings import Settings

DOCUMENTS = Path(demo_shop.__file__).parent / "documents"
QUESTIONS = Path(__file__).parents[1] / "tests" / "runtime" / "knowledge" / "questions.jsonl"


async def measured(documents: Path, questions: list[dict[str, Any]], embedder: Embedder | None) -> dict[str, float]:
    """Shares between 0 and 1 over a fresh database."""
    with tempfile.TemporaryDirectory() as directory:
        server = embedded.start(Path(directory))
        try:
            await migrate(server.dsn)
            database = await Database.open(server.dsn, writers=2, readers=2)
            library = Library(database, [DocumentFolder("shop", documents)], SystemClock(), embedder)
            await library.ingest_all()
            figures = await _figures(library, questions)
            await database.close()
        finally:
            embedded.stop(Path(directory))
    return figures


async def _figures(library: Library, questions: list[dict[str, Any]]) -> dict[str, float]:
    first = among_three = silent = 0
    answerable = [asked for asked in questions if asked["document"] is not None]
    for asked in questions:
        found = (await library.find(asked["question"], limit=3)).passages
        if asked["document"] is None:
            silent += not found
            continue
        right = [
            passage.citation.path == asked["document"] and passage.citation.section == asked["section"]
            for passage in found
        ]
        first += right[:1] == [True]
        among_three += any(right)
    unanswerable = len(questions) - len(answerable)
    return {
        "questions": len(questions),
        "first": round(first / len(answerable), 3),
        "among_three": round(among_three / len(answerable), 3),
        "silent_where_nothing_answers": round(silent / unanswerable, 3) if unanswerable else 1.0,
    }


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=Path, default=DOCUMENTS)
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    questions = [json.loads(line) for line in chosen.questions.read_text(encoding="utf-8").splitlines() if line]
    with tempfile.TemporaryDirectory() as directory:
        embedder = connect_embedder(Settings(_env_file=None, data_dir=Path(directory)))  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument
        figures = {"words": await measured(chosen.documents, questions, None)}
        if embedder is not None:
            await embedder.wait_ready(timeout_seconds=120)
            figures["words and meaning"] = await measured(chosen.documents, questions, embedder)
            await embedder.close()
    if chosen.json:
        print(json.dumps(figures, indent=2))
        return
    for name, figure in figures.items():
        print(f"{name}: {figure}")


if __name__ == "__main__":
    asyncio.run(main())
