"""Policies: the rules in words and as text, and what the last decisions would be under an edited one."""
