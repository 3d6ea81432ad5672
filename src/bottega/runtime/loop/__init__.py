"""The phases of a run, each a function of the journal: observe, reflect, decide, act, log."""
