"""What the assistant hears and says, language by language: authored examples, words, slots and phrases."""

from pathlib import Path

ENGLISH = Path(__file__).parent / "en"


def own_classifier_folder(data_directory: Path, language: str = ENGLISH.name) -> Path:
    """Where an intent classifier that was trained on this machine is kept."""
    return data_directory / "language" / language
