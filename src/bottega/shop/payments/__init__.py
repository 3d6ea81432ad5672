"""Payments: instruments charged, refunds, gift cards, and the ledger that accounts for all of it."""
