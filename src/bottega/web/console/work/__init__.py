"""Connectors and jobs: is everything well behind the shop, and what was given up and can be tried again."""
