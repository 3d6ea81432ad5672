"""Returns: the inbox, and one return from the request to the money."""
