"""Today: what was sold, what waits for somebody, and what is out of order."""
