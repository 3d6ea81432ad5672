"""Prices: one per variant and currency, sale prices with dates, and their history."""
