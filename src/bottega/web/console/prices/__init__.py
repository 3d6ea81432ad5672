"""Prices: the list, many changed at once after a look at what would be, sales, and changes put back."""
