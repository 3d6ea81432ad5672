"""What a catalogue calls things: the brands, categories, options, attributes and values that sentences can mean."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A catalogue's own words, learnt from its published products; `version` changes with them."""

    version: int = 0
