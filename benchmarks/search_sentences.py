"""Whether what is found for a shopper's sentence is what the sentence demands.

    python benchmarks/search_sentences.py [--demo FILE] [--products FILE --icecat FILE] [--keep FOLDER] [--json]

`--demo` names sentences over the demo shop, `--icecat` sentences over the products of an Icecat file; both have the
form of tests/sentences/README.md, and without either the project's own are taken. Every one of the first ten products
has to satisfy every constraint of its sentence, and an empty answer fails. Ends with `N of M sentences`; exit code 0
from 95 %.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import orjson

from benchmarks.graded_shop import graded_application
from bottega import demo_shop
from bottega.bootstrap import Application, open_application
from bottega.bootstrap.background import catch_up
from bottega.demo_shop.load import load
from bottega.platform.clock import SetClock, SystemClock
from bottega.platform.database import embedded
from bottega.retrieval.search import embedder_of
from bottega.settings import Settings
from bottega.shop.flows.refresh_search import embed
from tests.sentences.checking import Catalogue, Sentence, load_demo, load_icecat, load_sentences
from tests.sentences.playing import Verdict, handles_of, played

SENTENCES = Path(__file__).resolve().parents[1] / "tests" / "sentences"
EMBEDDER_READY_SECONDS = 60.0
WANTED_SHARE = 0.95


async def judged(
    application: Application,
    sentences: Sequence[Sentence],
    catalogue: Catalogue,
    names: dict[str, str],
    tell: Callable[[Verdict], None],
) -> list[Verdict]:
    """Plays each sentence; `names` are the catalogue's names by product id."""
    embedder = embedder_of(application.services)
    if embedder is not None:
        await embedder.wait_ready(timeout_seconds=EMBEDDER_READY_SECONDS)
    verdicts: list[Verdict] = []
    for sentence in sentences:
        verdicts.append(await played(application, sentence, catalogue, names))
        tell(verdicts[-1])
    return verdicts


def _unseen(what: str, done: int, in_all: int) -> None:
    """The progress that nobody watches."""
    del what, done, in_all


async def _demo(file: Path, tell: Callable[[Verdict], None]) -> list[Verdict]:
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(_env_file=None, data_dir=Path(directory))  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument
        try:
            clock = SetClock(SystemClock().now())
            async with open_application(settings, clock=clock) as application:
                await load(application, clock, _unseen)
                await catch_up(application)
                await embed(application, {})
                catalogue = load_demo(Path(demo_shop.__file__).parent)
                return await judged(application, load_sentences(file), catalogue, await handles_of(application), tell)
        finally:
            embedded.reset(Path(directory))


async def _icecat(products: Path, file: Path, keep: Path | None, tell: Callable[[Verdict], None]) -> list[Verdict]:
    async with graded_application(products, keep) as (application, names):
        return await judged(application, load_sentences(file), load_icecat(products), names, tell)


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path, help="sentences over the demo shop")
    parser.add_argument("--icecat", type=Path, help="sentences over the products of --products")
    parser.add_argument("--products", type=Path, help="an Icecat file")
    parser.add_argument("--keep", type=Path, help="a folder in which the shop of the Icecat file is kept")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen: Any = parser.parse_args()

    def tell(verdict: Verdict) -> None:
        if verdict.reasons and not chosen.json:
            print(verdict, flush=True)

    verdicts: list[Verdict] = []
    if chosen.demo or not chosen.icecat:
        verdicts += await _demo(chosen.demo or SENTENCES / "demo.jsonl", tell)
    if chosen.products:
        verdicts += await _icecat(chosen.products, chosen.icecat or SENTENCES / "icecat.jsonl", chosen.keep, tell)
    elif chosen.icecat:
        parser.error("--icecat needs --products")
    right = sum(not verdict.reasons for verdict in verdicts)
    if chosen.json:
        failed = [orjson.loads(orjson.dumps(verdict)) for verdict in verdicts if verdict.reasons]
        print(json.dumps({"sentences": len(verdicts), "right": right, "failed": failed}, ensure_ascii=False))
    else:
        print(f"{right} of {len(verdicts)} sentences ({right / len(verdicts):.1%})")
    return 0 if right >= WANTED_SHARE * len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
