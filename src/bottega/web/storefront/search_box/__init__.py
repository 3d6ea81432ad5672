"""The search box of the header: what may be meant while somebody types."""
