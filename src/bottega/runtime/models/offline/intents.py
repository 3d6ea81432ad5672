"""Which intents a message has: through the embedder when it is there, by its letters when not, and saying which."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import LARGEST_BATCH_TEXTS, Embedder
from bottega.runtime.models.offline.classifier import Calibration, Classifier, Scores
from bottega.runtime.models.offline.letters import plain

TOP = 5
LARGEST_BATCH_MESSAGES = 64

By = Literal["meaning", "letters"]


@dataclass(frozen=True, slots=True)
class Guess:
    """An intent and how probable it is, from 0 to 1."""

    intent: str
    probability: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The likeliest intents of one text, likeliest first; `is_sure` when the first one passes the threshold.

    `by` "letters" means the answer is degraded: the embedder was away, for the reason in `degraded_because`.
    """

    text: str
    guesses: tuple[Guess, ...]
    is_sure: bool
    by: By
    degraded_because: str = ""

    @property
    def intent(self) -> str:
        """The likeliest intent, sure or not."""
        return self.guesses[0].intent

    @property
    def probability(self) -> float:
        """How probable the likeliest intent is."""
        return self.guesses[0].probability

    def probability_of(self, intent: str) -> float:
        """How probable that intent is; 0 when it is not among the likeliest."""
        return next((guess.probability for guess in self.guesses if guess.intent == intent), 0.0)


class IntentReader:
    """Reads intents with a trained classifier; the embedder may be missing, away, or another than at training."""

    def __init__(
        self, classifier: Classifier, embedder: Embedder | None, *, timeout_seconds: float | None = None
    ) -> None:
        """`timeout_seconds` is how long the embedder is waited for; by default as long as a query is worth."""
        self._classifier = classifier
        self._embedder = embedder
        self._timeout_seconds = timeout_seconds

    @property
    def intents(self) -> tuple[str, ...]:
        """Every intent there is."""
        return self._classifier.intents

    async def read(self, text: str) -> Reading:
        """What one text wants."""
        return (await self.read_all([text]))[0]

    async def read_all(self, texts: Sequence[str]) -> list[Reading]:
        """What each text wants, in order; all by the same means. At most `LARGEST_BATCH_MESSAGES`."""
        assert len(texts) <= min(LARGEST_BATCH_MESSAGES, LARGEST_BATCH_TEXTS), "a message has few clauses"
        said = [plain(text) for text in texts]
        reason = self._reason_not_to_embed()
        if not reason and all(said):
            try:
                vectors = np.stack(await self._embed(said)).astype(np.float32)
            except Unavailable as refusal:
                reason = refusal.message
            else:
                classifier = self._classifier
                return self._readings(texts, classifier.by_meaning(vectors, said), classifier.with_meaning, "meaning")
        by_letters = self._classifier.by_letters(said)
        return self._readings(texts, by_letters, self._classifier.without_meaning, "letters", reason)

    async def _embed(self, said: Sequence[str]) -> list[Scores]:
        assert self._embedder is not None, "there is a reason when it is missing"
        return await self._embedder.embed(said, purpose="query", timeout_seconds=self._timeout_seconds)

    def _reason_not_to_embed(self) -> str:
        if self._embedder is None:
            return "There is no embedder."
        trained_with = self._classifier.provenance.embedder_model
        if self._embedder.model != trained_with:
            return f"The classifier was trained with {trained_with}, the embedder is {self._embedder.model}."
        return ""

    def _readings(
        self, texts: Sequence[str], rows: Scores, calibration: Calibration, by: By, reason: str = ""
    ) -> list[Reading]:
        readings: list[Reading] = []
        for text, row in zip(texts, rows, strict=True):
            places: list[int] = np.argsort(-row, kind="stable")[:TOP].tolist()
            guesses = tuple(Guess(self._classifier.intents[place], float(row[place])) for place in places)
            readings.append(Reading(text, guesses, guesses[0].probability >= calibration.threshold, by, reason))
        return readings
