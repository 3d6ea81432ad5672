"""The account: orders, addresses, consent, what is known about a person, and forgetting it."""
