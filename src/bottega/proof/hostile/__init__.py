"""A hostile model behind the real runtime: it knows the rules, remembers what it saw, and tries to get past them."""
