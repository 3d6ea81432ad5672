"""From a language's folder to its trained classifier, and where the classifier of a language is found."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import LARGEST_BATCH_TEXTS, Embedder
from bottega.runtime.models.offline import classifier, training
from bottega.runtime.models.offline.classifier import Classifier, Scores
from bottega.runtime.models.offline.examples import read_language, spread
from bottega.runtime.models.offline.letters import plain

FILE_NAME = "intents.npz"
SEED = 1
# Bulk work waits for a model that has to be built first.
WAIT_SECONDS = 300.0

Tell = Callable[[str], None]


async def teach(folder: Path, embedder: Embedder, *, tell: Tell, seed: int = SEED) -> Classifier:
    """Trains the classifier of the language in `folder`; minutes of work. Raises `Unavailable` without the embedder."""
    examples = spread(read_language(folder), seed)
    tell(f"{len(examples)} sentences from {len({example.line for example in examples})} authored lines")
    await embedder.wait_ready(timeout_seconds=WAIT_SECONDS)
    vectors = await embed_all(embedder, [example.text for example in examples], tell)
    return training.train(
        examples,
        vectors,
        examples_digest=classifier.digest_of_folder(folder),
        embedder_model=embedder.model,
        seed=seed,
        tell=tell,
    )


async def embed_all(embedder: Embedder, texts: Sequence[str], tell: Tell) -> Scores:
    """One row per text, in order, with the texts read as the classifier will read them; equal texts once."""
    said = [plain(text) for text in texts]
    distinct = sorted(set(said))
    rows: dict[str, Scores] = {}
    for start in range(0, len(distinct), LARGEST_BATCH_TEXTS):
        batch = distinct[start : start + LARGEST_BATCH_TEXTS]
        # As queries, since that is what messages are embedded as; but with the time of bulk work.
        vectors = await embedder.embed(batch, purpose="query", timeout_seconds=WAIT_SECONDS)
        rows.update(zip(batch, vectors, strict=True))
        tell(f"embedded {min(start + LARGEST_BATCH_TEXTS, len(distinct))} of {len(distinct)}")
    return np.stack([rows[text] for text in said]).astype(np.float32)


def find_classifier(folder: Path, own_folder: Path | None, embedder_model: str | None) -> Classifier:
    """The classifier of a language: one that was trained on this machine if it fits the embedder, else the shipped one.

    `own_folder` is where `bottega language train` writes. A classifier for other examples is not used.
    """
    digest = classifier.digest_of_folder(folder)
    shipped = classifier.load(folder / FILE_NAME)
    if shipped.provenance.examples_digest != digest:
        raise Unavailable(
            "stale_classifier",
            f"The intent classifier in {folder.name} was trained from other examples than stand beside it.",
            next_step="Make it anew with `bottega language train`.",
        )
    if own_folder is None or embedder_model in (None, shipped.provenance.embedder_model):
        return shipped
    try:
        own = classifier.load(own_folder / FILE_NAME)
    except Unavailable:
        return shipped
    fits = own.provenance.examples_digest == digest and own.provenance.embedder_model == embedder_model
    return own if fits else shipped
