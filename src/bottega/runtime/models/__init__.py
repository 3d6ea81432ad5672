"""Which model answers a call: routes, budgets, breakers, caches, and the record of every call."""
