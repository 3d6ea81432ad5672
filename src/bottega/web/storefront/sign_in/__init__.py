"""Coming in: signing in, registering, a forgotten password, and leaving."""
