"""The offline model of the assistant, put together: classifier and dialogue are loaded when first asked."""

from pathlib import Path

from bottega.agents.assistant.language import ENGLISH
from bottega.ports.embedder import Embedder
from bottega.runtime.models.offline.model import Dialogue, Heard, OfflineModel, Proposal

LANGUAGE_FOLDER = "language"


def offline_model(data_directory: Path | None, embedder: Embedder | None, *, currency: str = "EUR") -> OfflineModel:
    """The assistant's model that needs no model. Costs nothing before its first question, and works without embedder.

    `data_directory` is where `bottega language train` keeps a classifier of its own; `currency` is the shop's.
    """
    return OfflineModel(_LoadedWhenAsked(data_directory, embedder, currency))


def own_classifier_folder(data_directory: Path, language: str = ENGLISH.name) -> Path:
    """Where a classifier that was trained on this machine is kept."""
    return data_directory / LANGUAGE_FOLDER / language


class _LoadedWhenAsked:
    """Implements `Dialogue`: a process that never talks to anybody loads neither numpy nor the classifier."""

    def __init__(self, data_directory: Path | None, embedder: Embedder | None, currency: str) -> None:
        self._data_directory = data_directory
        self._embedder = embedder
        self._currency = currency
        self._dialogue: Dialogue | None = None

    async def next(self, heard: Heard) -> Proposal:
        if self._dialogue is None:
            self._dialogue = self._loaded()
        return await self._dialogue.next(heard)

    def _loaded(self) -> Dialogue:
        from bottega.agents.assistant.dialogue.engine import AssistantDialogue
        from bottega.runtime.models.offline.intents import IntentReader
        from bottega.runtime.models.offline.teaching import find_classifier

        own = None if self._data_directory is None else own_classifier_folder(self._data_directory)
        model = None if self._embedder is None else self._embedder.model
        reader = IntentReader(find_classifier(ENGLISH, own, model), self._embedder)
        return AssistantDialogue(reader, currency=self._currency)
