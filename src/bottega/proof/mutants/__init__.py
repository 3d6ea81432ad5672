"""The checker checked: seeded faults in a copy of the source, each of which the suites have to notice."""
