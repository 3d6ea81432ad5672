"""Carts: what a shopper gathers before ordering."""
