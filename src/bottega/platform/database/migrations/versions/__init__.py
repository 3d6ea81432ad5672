"""The revisions, in the order of the numbers in their names."""
