"""Deterministic critics of planned calls, each testable alone; a role adds its own after them."""
