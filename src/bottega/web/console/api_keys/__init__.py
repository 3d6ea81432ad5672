"""API keys: made, shown once, narrowed to groups of actions, and revoked."""
