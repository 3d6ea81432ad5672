"""Knowledge: documents read from a folder, cut into passages, found by words and meaning, and cited."""
