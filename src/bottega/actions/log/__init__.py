"""Everything that reads the action log: the sealer, its readers, queries, exports and their verifiers."""
