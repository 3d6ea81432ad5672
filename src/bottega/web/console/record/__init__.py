"""The record: the action log, searched, proven, exported, and undone where that is possible."""
