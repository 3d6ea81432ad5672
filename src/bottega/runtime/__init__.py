"""Runs any agent (runs, models, guard, memory, knowledge) and knows no commerce."""
