"""The shop's agents, one folder per role."""
