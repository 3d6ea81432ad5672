"""One file per kind of goal: what it needs to know, what it calls, what it says."""
