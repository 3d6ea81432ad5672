"""Returns and exchanges: what customers send back, how far it has come, and what they get for it."""
