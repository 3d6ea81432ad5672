"""all-MiniLM-L6-v2 on this machine: its graph built from pinned weights, run by one process that everybody shares."""
