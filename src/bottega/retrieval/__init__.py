"""Finding things by words: how text becomes terms, and how terms are asked for."""
