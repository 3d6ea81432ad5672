"""Orders: what was bought, how far it has come, and its whole history."""
