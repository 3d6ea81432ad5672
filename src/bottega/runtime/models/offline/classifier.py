"""The small classifier: which intent a message has, by its meaning and by its letters, each with a probability."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from bottega.kernel.errors import Unavailable
from bottega.runtime.models.offline.letters import BUCKETS, buckets

FORMAT = 1
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Linear:
    """Multinomial logistic regression: `weights` is features × intents, `bias` one number per intent."""

    weights: Scores
    bias: Scores

    def log_probabilities(self, rows: Scores) -> Scores:
        """One row of log probabilities per row of features."""
        return log_softmax((rows @ self.weights + self.bias).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What makes scores honest: logarithms are multiplied by `sharpness`; below `threshold` one asks instead.

    `coverage` and `accuracy` are what that gave on authored lines that were held out.
    """

    sharpness: float
    threshold: float
    coverage: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a classifier comes from: it is only as good as the examples and the vectors that it saw."""

    examples_digest: str
    examples: int
    lines: int
    embedder_model: str
    seed: int
    trainer: str


@dataclass(frozen=True, slots=True)
class Classifier:
    """Both halves, how much the half that reads meaning counts, and how sure is sure enough, with and without it."""

    intents: tuple[str, ...]
    meaning: Linear
    letters: Linear
    meaning_share: float
    with_meaning: Calibration
    without_meaning: Calibration
    provenance: Provenance

    def by_meaning(self, vectors: Scores, texts: Sequence[str]) -> Scores:
        """Probabilities from vectors of the provenance's embedder together with the letters."""
        share = np.float32(self.meaning_share)
        mixed = share * self.meaning.log_probabilities(vectors) + (1 - share) * self._letters(texts)
        return np.exp(log_softmax((mixed * self.with_meaning.sharpness).astype(np.float32)))

    def by_letters(self, texts: Sequence[str]) -> Scores:
        """Probabilities from the letters alone."""
        return np.exp(log_softmax((self._letters(texts) * self.without_meaning.sharpness).astype(np.float32)))

    def _letters(self, texts: Sequence[str]) -> Scores:
        # A sum over the few buckets that occur; multiplying all of them would cost a hundred times more.
        rows = np.stack([_sum_of(self.letters.weights, buckets(text)) for text in texts])
        return log_softmax((rows + self.letters.bias).astype(np.float32))


def _sum_of(weights: Scores, present: NDArray[np.intp]) -> Scores:
    if not len(present):
        nothing: Scores = np.zeros(weights.shape[1], dtype=np.float32)
        return nothing
    total: Scores = np.add.reduce(weights[present], axis=0)
    scaled: Scores = np.divide(total, np.float32(np.sqrt(len(present))), dtype=np.float32)
    return scaled


def log_softmax(scores: Scores) -> Scores:
    """Log probabilities from scores, row by row."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))).astype(np.float32)


def digest_of_folder(folder: Path) -> str:
    """One digest over the names and contents of a language's example files."""
    digest = hashlib.sha256()
    for file in [folder / "frames.txt", *sorted((folder / "intents").glob("*.txt"))]:
        digest.update(f"{file.name}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def save(classifier: Classifier, file: Path) -> None:
    """Writes weights to `file` (numpy's npz; letters in eight bits) and everything readable to a `.json` beside it."""
    scale = np.abs(classifier.letters.weights).max(axis=0) / 127.0
    eight_bits = np.rint(classifier.letters.weights / scale).astype(np.int8)
    draft = file.with_suffix(".draft.npz")
    np.savez_compressed(
        draft,
        meaning=classifier.meaning.weights.astype(np.float16),
        meaning_bias=classifier.meaning.bias,
        letters=eight_bits,
        letters_scale=scale.astype(np.float32),
        letters_bias=classifier.letters.bias,
    )
    record = {
        "format": FORMAT,
        "weights_sha256": hashlib.sha256(draft.read_bytes()).hexdigest(),
        "provenance": asdict(classifier.provenance),
        "meaning_share": classifier.meaning_share,
        "with_meaning": asdict(classifier.with_meaning),
        "without_meaning": asdict(classifier.without_meaning),
        "intents": list(classifier.intents),
    }
    draft.replace(file)
    file.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")


def load(file: Path) -> Classifier:
    """Reads what `save` wrote; `Unavailable` when it is missing, of another format or damaged."""
    try:
        record = cast("dict[str, Any]", json.loads(file.with_suffix(".json").read_text()))
        content = file.read_bytes()
        if record["format"] != FORMAT:
            raise ValueError(f"it has format {record['format']}, this version reads {FORMAT}")
        if hashlib.sha256(content).hexdigest() != record["weights_sha256"]:
            raise ValueError("its weights are not those its description names")
        with np.load(file, allow_pickle=False) as stored:
            held: dict[str, NDArray[Any]] = {name: stored[name] for name in stored.files}
        letters = held["letters"].astype(np.float32) * held["letters_scale"]
        if letters.shape != (BUCKETS, len(record["intents"])):
            raise ValueError(f"its letters have the shape {letters.shape}")
        return Classifier(
            tuple(record["intents"]),
            Linear(held["meaning"].astype(np.float32), held["meaning_bias"].astype(np.float32)),
            Linear(letters, held["letters_bias"].astype(np.float32)),
            record["meaning_share"],
            Calibration(**record["with_meaning"]),
            Calibration(**record["without_meaning"]),
            Provenance(**record["provenance"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(
            "no_classifier",
            f"The intent classifier {file.name} cannot be read: {error}.",
            next_step="Make it with `bottega language train`.",
        ) from error
