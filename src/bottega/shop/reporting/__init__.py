"""Reporting: figures read from the shop's tables, as records for JSON and CSV."""
