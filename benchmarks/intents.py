"""How well the offline engine reads what customers of another shop have asked.

`python benchmarks/intents.py --data FILE --mapping FILE`. The data has the columns `text,intent`, the mapping
`source_intent,intent`. Nothing is learnt here and nothing chosen: classifier and threshold are those that authored
examples gave. An answer is right when it is the mapped intent; any other, also one that the mapping does not know, is
wrong. Below the threshold nothing is answered.
"""

import argparse
import asyncio
import csv
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Run as a file, Python puts this folder on the path instead of the project's root.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console
from rich.table import Table

from bottega.agents.assistant.language import ENGLISH
from bottega.bootstrap.embedder import connect_embedder
from bottega.kernel.errors import Unavailable
from bottega.runtime.models.offline.intents import LARGEST_BATCH_MESSAGES, IntentReader, Reading
from bottega.runtime.models.offline.teaching import WAIT_SECONDS, find_classifier
from bottega.settings import load_settings

CONFUSIONS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Utterance:
    """What was said, and the intent it should be read as."""

    text: str
    intent: str


@dataclass(frozen=True, slots=True)
class Score:
    """Of one intent or of all: how many there were, how many were answered, how many of those rightly."""

    total: int
    answered: int
    right: int

    @property
    def coverage(self) -> float:
        return self.answered / self.total if self.total else 0.0

    @property
    def accuracy(self) -> float:
        return self.right / self.answered if self.answered else 0.0


def read_utterances(data: Path, mapping: Path) -> list[Utterance]:
    """The rows of a data file with their mapped intents; an intent that the mapping lacks is an error of the file."""
    with mapping.open(newline="", encoding="utf-8") as file:
        mapped = {row["source_intent"]: row["intent"] for row in csv.DictReader(file)}
    with data.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    unknown = sorted({row["intent"] for row in rows} - mapped.keys())
    if unknown:
        raise SystemExit(f"{mapping} says nothing about {', '.join(unknown)}.")
    return [Utterance(row["text"], mapped[row["intent"]]) for row in rows]


def scores(utterances: Sequence[Utterance], readings: Sequence[Reading]) -> dict[str, Score]:
    """A score for each intent that occurs."""
    total = Counter(utterance.intent for utterance in utterances)
    pairs = list(zip(utterances, readings, strict=True))
    answered = Counter(utterance.intent for utterance, reading in pairs if reading.is_sure)
    right = Counter(
        utterance.intent for utterance, reading in pairs if reading.is_sure and reading.intent == utterance.intent
    )
    return {intent: Score(total[intent], answered[intent], right[intent]) for intent in sorted(total)}


def overall(by_intent: Mapping[str, Score]) -> tuple[float, float, float]:
    """Coverage, accuracy and macro-averaged accuracy on what is answered; an intent without any answer counts as 0."""
    everything = Score(
        sum(score.total for score in by_intent.values()),
        sum(score.answered for score in by_intent.values()),
        sum(score.right for score in by_intent.values()),
    )
    macro = sum(score.accuracy for score in by_intent.values()) / len(by_intent) if by_intent else 0.0
    return everything.coverage, everything.accuracy, macro


def confusions(utterances: Sequence[Utterance], readings: Sequence[Reading]) -> list[tuple[str, str, int]]:
    """(wanted, answered, how often), the most frequent first."""
    wrong = Counter(
        (utterance.intent, reading.intent)
        for utterance, reading in zip(utterances, readings, strict=True)
        if reading.is_sure and reading.intent != utterance.intent
    )
    return [(wanted, given, times) for (wanted, given), times in wrong.most_common(CONFUSIONS_SHOWN)]


async def read(utterances: Sequence[Utterance], *, by_letters: bool) -> tuple[list[Reading], Mapping[str, Any]]:
    """The readings by the shipped classifier, and where it comes from."""
    embedder = None if by_letters else connect_embedder(load_settings())
    try:
        if embedder is not None:
            try:
                await embedder.wait_ready(timeout_seconds=WAIT_SECONDS)
            except Unavailable as refusal:
                Console(stderr=True).print(f"[yellow]{refusal} Reading by letters alone.[/yellow]")
        classifier = find_classifier(ENGLISH, None, None)
        reader = IntentReader(classifier, embedder, timeout_seconds=WAIT_SECONDS)
        readings: list[Reading] = []
        for start in range(0, len(utterances), LARGEST_BATCH_MESSAGES):
            batch = [utterance.text for utterance in utterances[start : start + LARGEST_BATCH_MESSAGES]]
            readings += await reader.read_all(batch)
    finally:
        if embedder is not None:
            await embedder.close()
    used = classifier.with_meaning if readings and readings[0].by == "meaning" else classifier.without_meaning
    return readings, {
        "read_by": sorted({reading.by for reading in readings}),
        "degraded_because": sorted({reading.degraded_because for reading in readings} - {""}),
        "threshold": used.threshold,
        "embedder": classifier.provenance.embedder_model,
        "examples": classifier.provenance.examples,
        "lines": classifier.provenance.lines,
    }


def show(by_intent: Mapping[str, Score], wrong: Sequence[tuple[str, str, int]], origin: Mapping[str, Any]) -> None:
    """Tables for people."""
    console = Console()
    table = Table("intent", "utterances", "coverage", "accuracy", title=f"Read by {' and '.join(origin['read_by'])}")
    for intent, score in by_intent.items():
        table.add_row(intent, str(score.total), f"{score.coverage:.3f}", f"{score.accuracy:.3f}")
    console.print(table)
    if wrong:
        confused = Table("wanted", "answered", "times", title="Worst confusions")
        for wanted, given, times in wrong:
            confused.add_row(wanted, given, str(times))
        console.print(confused)
    console.print(f"threshold {origin['threshold']:.2f}, chosen on {origin['lines']} authored lines")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="CSV with the columns text,intent")
    parser.add_argument("--mapping", type=Path, required=True, help="CSV with the columns source_intent,intent")
    parser.add_argument("--by-letters", action="store_true", help="as if the embedder were away")
    parser.add_argument("--json", action="store_true", help="one JSON object before the last line")
    given = parser.parse_args()
    utterances = read_utterances(given.data, given.mapping)
    readings, origin = asyncio.run(read(utterances, by_letters=given.by_letters))
    by_intent, wrong = scores(utterances, readings), confusions(utterances, readings)
    coverage, accuracy, macro = overall(by_intent)
    if given.json:
        record = {
            "utterances": len(utterances),
            "coverage": coverage,
            "accuracy": accuracy,
            "macro": macro,
            **origin,
            "intents": {
                intent: {"utterances": score.total, "coverage": score.coverage, "accuracy": score.accuracy}
                for intent, score in by_intent.items()
            },
            "confusions": [{"wanted": wanted, "answered": answer, "times": n} for wanted, answer, n in wrong],
        }
        print(json.dumps(record, indent=2))
    else:
        show(by_intent, wrong, origin)
    print(f"coverage {coverage:.3f} accuracy {accuracy:.3f} macro {macro:.3f}")


if __name__ == "__main__":
    main()
