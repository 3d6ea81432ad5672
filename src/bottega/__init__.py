"""Bottega: a shop backend in which every change is an action, with a staff of agents on top."""

__version__ = "0.1.0"
