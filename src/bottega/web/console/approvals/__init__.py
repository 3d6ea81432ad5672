"""Approvals: what waits for a person, seen whole, and the person's decision."""
