"""Customers: the list, and one customer with orders, tickets, consent, and the right to be forgotten."""
