"""Search tuning: what is searched and not found, words that mean the same, and products that come first."""
