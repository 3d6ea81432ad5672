"""The deterministic backbone: one folder per context, and flows for what spans contexts."""
