"""Returns and exchanges, asked for in a few clicks."""
