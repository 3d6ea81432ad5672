"""Checkout: one page from the cart to the order, and its payment."""
