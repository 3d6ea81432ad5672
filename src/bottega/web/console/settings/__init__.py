"""Settings: what the shop is called, how it sells, and the limits that policy reads."""
