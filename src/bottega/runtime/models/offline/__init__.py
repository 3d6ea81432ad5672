"""The offline engine: intents, clauses and the model that needs no model; it knows no commerce."""
