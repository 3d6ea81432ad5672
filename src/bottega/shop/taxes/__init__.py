"""Taxes: rates by country, class and date, and the split of prices into net and tax."""
