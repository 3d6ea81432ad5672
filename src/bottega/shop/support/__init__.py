"""Support: tickets of customers, their messages, and who answers them."""
