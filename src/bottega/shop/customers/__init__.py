"""Customers: accounts and guests, addresses, consent, stored instruments, and forgetting."""
