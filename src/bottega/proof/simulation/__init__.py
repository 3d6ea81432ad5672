"""Simulation: the real code under a seeded scheduler, with faults at the ports and crashes at every await."""
