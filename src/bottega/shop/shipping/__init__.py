"""Shipping: zones, methods, what they cost, and the shipments that leave."""
