"""Orders: the list that is worked through, and one order with what is done about it."""
