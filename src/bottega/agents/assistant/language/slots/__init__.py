"""Values in what a customer said: pure functions from text to what it names; no model, no state."""
