"""Runs any agent: runs, models, guard, memory, knowledge. It knows no commerce."""
