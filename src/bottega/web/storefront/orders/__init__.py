"""Orders as their buyers see them: confirmation, state, cancelling, returns."""
