"""What the assistant hears and says, language by language: authored examples, words, slots and phrases."""

from pathlib import Path

ENGLISH = Path(__file__).parent / "en"
