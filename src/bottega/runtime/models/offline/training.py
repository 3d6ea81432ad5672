"""Trains the intent classifier from authored examples, and chooses its threshold on authored lines held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bottega.runtime.models.offline.classifier import (
    Calibration,
    Classifier,
    Linear,
    Provenance,
    Scores,
    log_softmax,
)
from bottega.runtime.models.offline.examples import Example
from bottega.runtime.models.offline.letters import letters

FOLDS = 5
# Inverse strength of the penalty on large weights, for vectors of length one.
MEANING_C, LETTERS_C = 10.0, 10.0
SHARES = (0.3, 0.4, 0.5, 0.6, 0.7)
SHARPNESSES = tuple(float(value) for value in np.geomspace(0.5, 4.0, 25))
THRESHOLDS = tuple(float(round(value, 3)) for value in np.arange(0.05, 0.951, 0.01))
# The lowest threshold is taken at which held-out lines are understood at least so well.
WANTED_ACCURACY = 0.95
ITERATIONS = 200

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Data:
    """Features, the number of each example's intent, weights, and which line it comes from."""

    vectors: Scores
    letters: Any
    targets: NDArray[np.intp]
    weights: NDArray[np.float64]
    lines: NDArray[np.intp]


def train(
    examples: Sequence[Example], vectors: Scores, *, examples_digest: str, embedder_model: str, seed: int, tell: Tell
) -> Classifier:
    """The classifier of these examples; `vectors` has one row per example. Takes minutes, and memory for them."""
    import sklearn  # pyright: ignore[reportMissingTypeStubs] - it ships none

    intents = tuple(sorted({example.intent for example in examples}))
    data = _data(examples, vectors, intents)
    meaning_held, letters_held = _held_out(data, len(intents), seed, tell)
    share = min(SHARES, key=lambda value: _loss(_mixed(value, meaning_held, letters_held), data))
    with_meaning = calibrate(_mixed(share, meaning_held, letters_held), data.targets, data.weights)
    without_meaning = calibrate(letters_held, data.targets, data.weights)
    tell(f"held out: with meaning {with_meaning}, by letters alone {without_meaning}, share of meaning {share}")
    everything = np.arange(len(examples))
    return Classifier(
        intents,
        _fit(data.vectors, data, everything, MEANING_C),
        _fit(data.letters, data, everything, LETTERS_C),
        share,
        with_meaning,
        without_meaning,
        Provenance(
            examples_digest,
            len(examples),
            len(set(data.lines.tolist())),
            embedder_model,
            seed,
            f"scikit-learn {sklearn.__version__}",
        ),
    )


def _data(examples: Sequence[Example], vectors: Scores, intents: Sequence[str]) -> _Data:
    from scipy import sparse  # pyright: ignore[reportMissingTypeStubs] - it ships none

    place = {intent: number for number, intent in enumerate(intents)}
    targets = np.array([place[example.intent] for example in examples], dtype=np.intp)
    weights = np.array([example.weight for example in examples], dtype=np.float64)
    # An intent with many lines counts for more than one with few, but not in proportion.
    totals = np.bincount(targets, weights=weights)
    weights = weights / np.sqrt(totals[targets])
    weights *= len(weights) / weights.sum()
    stack: Any = getattr(sparse, "vstack")  # noqa: B009 - it ships no types
    chunks = [
        sparse.csr_matrix(letters([example.text for example in examples[start : start + 1000]]))
        for start in range(0, len(examples), 1000)
    ]
    lines = np.array([example.line for example in examples], dtype=np.intp)
    return _Data(vectors, stack(chunks).tocsr(), targets, weights, lines)


def _held_out(data: _Data, intents: int, seed: int, tell: Tell) -> tuple[Scores, Scores]:
    """Log probabilities of each example by classifiers that saw nothing of its line."""
    rng = np.random.default_rng(seed)
    count = int(data.lines.max()) + 1
    fold_of_line = np.empty(count, dtype=np.intp)
    fold_of_line[rng.permutation(count)] = np.arange(count) % FOLDS
    folds = fold_of_line[data.lines]
    meaning = np.zeros((len(data.targets), intents), dtype=np.float32)
    by_letters = np.zeros_like(meaning)
    for fold in range(FOLDS):
        seen, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        meaning[held] = _fit(data.vectors, data, seen, MEANING_C).log_probabilities(data.vectors[held])
        by_letters[held] = _fit(data.letters, data, seen, LETTERS_C).log_probabilities(data.letters[held])
        tell(
            f"fold {fold + 1} of {FOLDS}: {_accuracy(meaning, data, held):.3f} by meaning, "
            f"{_accuracy(by_letters, data, held):.3f} by letters"
        )
    return meaning, by_letters


def _fit(features: Any, data: _Data, chosen: NDArray[np.intp], c: float) -> Linear:
    from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingTypeStubs] - it ships none

    model: Any = LogisticRegression(C=c, max_iter=ITERATIONS, tol=1e-3)
    model.fit(features[chosen], data.targets[chosen], sample_weight=data.weights[chosen])
    assert len(model.classes_) == int(data.targets.max()) + 1, "every intent has lines in every fold"
    return Linear(np.asarray(model.coef_, dtype=np.float32).T, np.asarray(model.intercept_, dtype=np.float32))


def _mixed(share: float, meaning: Scores, by_letters: Scores) -> Scores:
    return log_softmax((share * meaning + (1.0 - share) * by_letters).astype(np.float32))


def _loss(log_probabilities: Scores, data: _Data) -> float:
    return min(
        _negative_log_likelihood(log_probabilities, data.targets, data.weights, sharpness) for sharpness in SHARPNESSES
    )


def _negative_log_likelihood(
    log_probabilities: Scores, targets: NDArray[np.intp], weights: NDArray[np.float64], sharpness: float
) -> float:
    sharpened = log_softmax(log_probabilities * np.float32(sharpness))
    return float(-(sharpened[np.arange(len(targets)), targets] * weights).sum() / weights.sum())


def _accuracy(log_probabilities: Scores, data: _Data, chosen: NDArray[np.intp]) -> float:
    right = log_probabilities[chosen].argmax(axis=1) == data.targets[chosen]
    return float((right * data.weights[chosen]).sum() / data.weights[chosen].sum())


def calibrate(log_probabilities: Scores, targets: NDArray[np.intp], weights: NDArray[np.float64]) -> Calibration:
    """The sharpness under which the truth is least surprising, then the lowest threshold that is right often enough."""
    sharpness = min(SHARPNESSES, key=lambda value: _negative_log_likelihood(log_probabilities, targets, weights, value))
    probabilities = np.exp(log_softmax(log_probabilities * np.float32(sharpness)))
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    for threshold in THRESHOLDS:
        answered = sure >= threshold
        weight = float(weights[answered].sum())
        accuracy = float((right * weights)[answered].sum()) / weight if weight else 1.0
        if accuracy >= WANTED_ACCURACY or threshold == THRESHOLDS[-1]:
            return Calibration(sharpness, threshold, round(weight / float(weights.sum()), 4), round(accuracy, 4))
    raise AssertionError("the last threshold returns")
