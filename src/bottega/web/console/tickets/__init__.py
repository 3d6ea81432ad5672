"""Tickets: the inbox, and one ticket that is answered, handed on and closed."""
