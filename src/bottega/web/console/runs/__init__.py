"""Runs: what agents did, step by step, and the switch that stops them."""
