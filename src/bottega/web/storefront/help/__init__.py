"""Help: what the shop promises, and where an order is for people without an account."""
